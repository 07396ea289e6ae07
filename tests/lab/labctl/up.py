# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab up`: from whatever is there to a running lab."""

from __future__ import annotations

from collections.abc import Callable

from labctl import certificates, databases, hosts, images, inventory, secrets, state
from labctl.files import make_private_directory
from labctl.layout import HOSTS, SSH_HOSTS, Lab


def up(lab: Lab, bare: bool, say: Callable[[str], None]) -> None:
    """Brings the lab up. Whatever is there already, and still right, is left alone."""
    make_private_directory(lab.directory)
    chosen = SSH_HOSTS if bare else HOSTS
    images.ensure_images(say, [image for image in images.IMAGES if not bare or image.tag in images.HOST_ONLY])
    if hosts.outdated(lab, SSH_HOSTS):
        say("the hosts' images have changed: building the lab anew")
        hosts.remove_everything(lab)
    path = lab.directory / "state.json"
    memory = state.load(path)
    keys = certificates.ensure_keys(lab.directory / "keys")
    values = secrets.load_or_create(lab.directory / "secrets.json")
    hosts.ensure_hosts(lab, memory, keys, values, say, chosen)
    state.save(path, memory)
    databases.ensure_old_server(lab, values)
    inventory.write(lab, memory, keys, values)
