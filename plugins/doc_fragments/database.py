# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that talks to database servers."""

from __future__ import annotations

from textwrap import indent

_SERVER = r"""
login_host:
  description: The server as seen from the host that runs the module, or the directory of its Unix socket.
  type: str
  required: true
login_port:
  description: The server's port. Without it that of the engine, 5432 or 3306.
  type: int
login_user:
  description: The account. What it has to be allowed to do stands in the notes.
  type: str
  required: true
login_password:
  description: The account's password.
  type: str
  required: true
ssl_mode:
  description:
    - How the link is protected, in the words of PostgreSQL's client library. Without V(verify-full) nobody proves that
      this is the server.
    - MariaDB's tools cannot check the CA alone, so that V(verify-ca) is V(verify-full) with them.
  type: str
  choices: [verify-full, verify-ca, require, disable]
  default: verify-full
ca_path:
  description:
    - File with the CA that the server's certificate comes from. Without it the CAs of the host's operating system are
      used.
  type: path
"""


class ModuleDocFragment:
    DOCUMENTATION = r"""
notes:
  - No Python package for the database is needed. Passwords reach the tools through private files that are removed at
    the end, never through arguments or the environment.
options:
  engine:
    description: The database engine. MariaDB is V(mysql) too; the server itself says which it is.
    type: str
    choices: [postgresql, mysql]
    default: postgresql
  bin_directory:
    description:
      - Directory of the client tools. Without it the directories of PostgreSQL's packages are searched and then the
        search path, for MySQL only the search path.
    type: path
"""

    # For a module that talks to one server. With a type, since ansible-test takes what has none for a plain text.
    SERVER: str = f"""
options:
{indent(_SERVER, "  ")}
"""

    # For a module that talks to two. It describes them itself, and says whether they are required.
    SERVERS: str = f"""
options:
  source:
    type: dict
    suboptions:
{indent(_SERVER, "      ")}
  target:
    type: dict
    suboptions:
{indent(_SERVER, "      ")}
"""
