# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the journal of a move."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: journal
short_description: Keep the journal of a move
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Writes down which phases of a move have been done, what was found in them and what is about to happen, so that a
    move that was interrupted anywhere goes on where it ended.
  - Every change is on disk, synchronised together with its directory, before the module returns. The file has mode
    V(0600).
  - A lock file beside the journal (its path with C(.lock) added) belongs to the C(ansible-playbook) process that
    works on the run. It is empty when nobody does. The lock of a playbook that no longer runs is taken over, and the
    journal says so. While the playbook runs, every other one is refused. So is every one on another machine, from
    where nobody can see whether it runs.
requirements:
  - C(/proc) or the command C(ps) on the controller
attributes:
  action:
    description: The work is done by an action plugin, on the controller, whatever host the task is for.
    support: full
  check_mode:
    description: Returns the journal as it would be. Writes nothing and takes no lock.
    support: full
  diff_mode:
    description: Shows the journal before and after.
    support: full
  idempotent:
    description: Writing down the same again changes nothing. O(state=open) changes a journal once in each playbook.
    support: partial
options:
  path:
    description:
      - The journal. Its directory must exist.
    type: path
    required: true
  state:
    description:
      - V(open) creates the journal, or goes on with the run in it, and takes the lock. A run with the verdict
        V(succeeded) is left alone. A run that was rolled back starts a fresh attempt. Any other run goes on; its
        phases have to be repeated unless C(fence) has begun or V(start_intended) is written down.
      - V(present) writes down what is given, under the lock, which it takes when nobody has it. It only reads when
        nothing is given.
      - V(closed) does the same, sets the verdict, and releases the lock. Without a verdict the run stays open for
        another playbook.
    type: str
    choices: [open, present, closed]
    default: present
  option:
    description:
      - What is moved, for example V(full). Required with O(state=open).
      - It must be that of the run in the journal, if there is one. One that has only been through its C(preflight) is
        forgotten for a run with another option.
    type: str
  number:
    description:
      - The phone number that is moved.
      - It must be that of the run in the journal, if the journal knows it already.
    type: str
  phase:
    description:
      - The phase that O(status), O(facts) and O(event) belong to.
      - A phase that the journal does not know yet, or that has to be repeated, is begun when no O(status) is given.
    type: str
  status:
    description:
      - How O(phase) stands.
      - V(running) notes the time at which the phase began, V(done) and V(failed) that at which it ended. A phase that
        was never V(running) is taken to have begun when the one before it ended.
    type: str
    choices: [running, done, failed, skipped, rolled_back]
  facts:
    description:
      - What was found or measured. It is merged into the facts of O(phase), or those of the run when no phase is
        given, dictionary by dictionary; anything else replaces what was there.
      - Text under a name that looks like a secret's is refused. Such a name has one of the words C(password),
        C(passwd), C(passphrase), C(token), C(secret), C(pin), C(private) or C(key) in it; with C(key), not when it has
        C(public), C(host) or C(present) in it as well.
    type: dict
  intent:
    description:
      - Something that is about to be done and cannot be taken back, for example V(start_intended).
      - Its time is written once and kept.
    type: str
  event:
    description:
      - A sentence for the list of events. It is not repeated when it is the last one already.
    type: str
  verdict:
    description:
      - How the run ended.
    type: str
    choices: [succeeded, failed, rolled_back, undecided]
"""

EXAMPLES = r"""
- name: Open the journal
  waba.migration.journal:
    path: "{{ inventory_dir }}.run/journal.json"
    state: open
    option: full
  register: opened

- name: Record that the old client is about to be stopped
  waba.migration.journal:
    path: "{{ inventory_dir }}.run/journal.json"
    phase: fence
    status: running
  when: "'fence' not in opened.done"

- name: Record that the new client is about to be started
  waba.migration.journal:
    path: "{{ inventory_dir }}.run/journal.json"
    phase: move
    status: done
    facts:
      rows: 20134
    intent: start_intended

- name: Close the journal
  waba.migration.journal:
    path: "{{ inventory_dir }}.run/journal.json"
    state: closed
    verdict: succeeded
"""

RETURN = r"""
journal:
  description:
    - The journal, which is also what the file holds. All times are UTC, ISO 8601 with milliseconds.
    - When there is no journal at O(path) and none is opened, every value is null or empty.
  returned: success
  type: dict
  contains:
    format:
      description: Version of this format.
      type: int
      sample: 1
    run_id:
      description: Name of the run. It is kept over all attempts.
      type: str
      sample: 20261124T093015Z-full-3f9a
    option:
      description: What is moved.
      type: str
      sample: full
    number:
      description: The phone number that is moved, or null while it is not known.
      type: str
      sample: "15550100001"
    created:
      description: When the run was first opened.
      type: str
      sample: "2026-11-24T09:30:15.042Z"
    opened:
      description: When the run was last opened.
      type: str
      sample: "2026-11-24T09:30:15.042Z"
    attempts:
      description:
        - Earlier attempts that were rolled back, oldest first, each with C(verdict), C(opened), C(closed), C(phases)
          and C(intents).
      type: list
      elements: dict
      sample: []
    phases:
      description:
        - The phases of this attempt by name, each with C(status), C(facts), C(attempts) (the number of times that it
          was begun) and, as far as it has come, C(started), C(ended) and C(seconds).
        - Besides those of O(status) there is the status C(pending), for a phase that was interrupted or has to be
          repeated.
      type: dict
      sample:
        fence:
          status: done
          facts: {proof: [biz-wacore-1 is not running]}
          attempts: 1
          started: "2026-11-24T09:41:02.310Z"
          ended: "2026-11-24T09:41:04.771Z"
          seconds: 2.461
    intents:
      description: When each intent was first written down.
      type: dict
      sample: {start_intended: "2026-11-24T09:41:09.006Z"}
    events:
      description: What happened, oldest first, each with C(time), C(phase) (or null) and C(text).
      type: list
      elements: dict
      sample:
        - time: "2026-11-24T09:30:15.042Z"
          phase: null
          text: Run opened.
    facts:
      description: Facts of the run.
      type: dict
      sample: {downtime_seconds: 7.1}
    verdict:
      description: How the run ended, or null.
      type: str
      sample: succeeded
    closed:
      description: When the run was closed, or null.
      type: str
      sample: "2026-11-24T09:43:00.001Z"
finished:
  description: Whether the run has the verdict V(succeeded).
  returned: success
  type: bool
resumed:
  description: Whether O(state=open) found a run that was not finished.
  returned: success
  type: bool
done:
  description: The phases of this attempt that are done or skipped and need not be repeated.
  returned: success
  type: list
  elements: str
  sample: [preflight, prepare]
intents:
  description: The same as RV(journal.intents).
  returned: success
  type: dict
  sample: {start_intended: "2026-11-24T09:41:09.006Z"}
"""
