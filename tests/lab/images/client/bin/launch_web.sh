#!/bin/bash
# Becomes the Webapp.
exec python3 -m standin.web
