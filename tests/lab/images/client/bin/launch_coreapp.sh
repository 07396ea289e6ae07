#!/bin/bash
# Becomes the Coreapp, or a Master where WA_MASTER_NODE says so.
exec python3 -m standin.core
