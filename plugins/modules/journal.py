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
  - C(/proc) or the command C(ps); the module runs on the controller with a local connection
attributes:
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
  delegate_to: localhost
  register: opened

- name: Record that the old client is about to be stopped
  waba.migration.journal:
    path: "{{ inventory_dir }}.run/journal.json"
    phase: fence
    status: running
  delegate_to: localhost
  when: "'fence' not in opened.done"

- name: Record that the new client is about to be started
  waba.migration.journal:
    path: "{{ inventory_dir }}.run/journal.json"
    phase: move
    status: done
    facts:
      rows: 20134
    intent: start_intended
  delegate_to: localhost

- name: Close the journal
  waba.migration.journal:
    path: "{{ inventory_dir }}.run/journal.json"
    state: closed
    verdict: succeeded
  delegate_to: localhost
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

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file
from ansible_collections.waba.migration.plugins.module_utils._journal import (
    NO_CHANGE,
    STATUSES,
    VERDICTS,
    Change,
    Document,
    JournalError,
    apply_change,
    check_same_run,
    done_phases,
    empty_document,
    find_secrets,
    has_only_looked,
    is_finished,
    make_run_id,
    new_document,
    note_takeover,
    parse,
    reopen,
    serialise,
)
from ansible_collections.waba.migration.plugins.module_utils._lock import (
    LockError,
    LockFile,
    Owner,
    check_free,
    find_playbook,
    guarded,
    read_owner,
)

CHANGE_OPTIONS = ("phase", "status", "facts", "intent", "event", "verdict")


@dataclass(frozen=True)
class Outcome:
    """The journal before and after this task; before is None when there was none."""

    before: Document | None
    after: Document

    @property
    def changed(self) -> bool:
        return self.after != (self.before or empty_document())


class Keeper:
    """Reads the journal, plans what it has to say next, and writes that down under the lock."""

    def __init__(self, params: dict[str, Any], check_mode: bool, now: datetime) -> None:
        self.path: str = params["path"]
        self.lock_path = self.path + ".lock"
        self.state: str = params["state"]
        self.option: str | None = params["option"]
        self.number: str | None = params["number"] or None
        self.change = Change(
            number=self.number,
            close=self.state == "closed",
            **{name: params[name] or None for name in CHANGE_OPTIONS},
        )
        self.check_mode = check_mode
        self.now = now

    def run(self) -> Outcome:
        before = self._read()
        if self._only_reads(before):
            return Outcome(before, before or empty_document())
        if before is None and self.state != "open" and not self.check_mode:
            raise JournalError(f"There is no journal {self.path} to write into. Open it first, with state=open.")
        if self.check_mode:
            owner = read_owner(self.lock_path)
            me = find_playbook()
            return self._plan(before, owner == me, check_free(owner, me, self.lock_path))
        with guarded(self.lock_path) as lock:
            return self._write_under(lock)

    def _read(self) -> Document | None:
        try:
            return parse(Path(self.path).read_text(encoding="utf-8"), self.path)
        except FileNotFoundError:
            return None

    def _only_reads(self, before: Document | None) -> bool:
        if self.state == "present":
            return self.change == NO_CHANGE
        if self.state == "open" and before is not None:
            self._check_same_run(before)
            return is_finished(before)
        return False

    def _write_under(self, lock: LockFile) -> Outcome:
        me = find_playbook()
        owner = lock.owner()
        dead = check_free(owner, me, self.lock_path)
        # What was read before the lock was had may be old by now.
        outcome = self._plan(self._read(), owner == me, dead)
        if outcome.changed:
            lock.take(me)
            write_private_file(self.path, serialise(outcome.after))
        if self.state == "closed" and (outcome.changed or owner == me):
            lock.release()
        return outcome

    def _plan(self, before: Document | None, mine: bool, dead: Owner | None) -> Outcome:
        after = self._plan_open(before, mine) if self.state == "open" else self._plan_change(before)
        outcome = Outcome(before, after)
        if outcome.changed and dead is not None:
            return Outcome(before, note_takeover(after, str(dead), self.now))
        return outcome

    def _plan_open(self, before: Document | None, mine: bool) -> Document:
        if before is None:
            return self._new()
        self._check_same_run(before)
        if before["option"] != self.option:
            return self._new()
        opened_by_this_playbook = mine and before["verdict"] is None
        return before if opened_by_this_playbook else reopen(before, self.number, self.now)

    def _check_same_run(self, before: Document) -> None:
        option = None if has_only_looked(before) else self.option
        check_same_run(before, option, self.number, self.path)

    def _plan_change(self, before: Document | None) -> Document:
        # Only in check mode there may be none here: the task that opens it has not written it.
        document = before or self._new()
        check_same_run(document, self.option, self.number, self.path)
        return apply_change(document, self.change, self.now)

    def _new(self) -> Document:
        option = self.option or "unknown"
        return new_document(make_run_id(option, secrets.token_hex(2), self.now), option, self.number, self.now)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["open", "present", "closed"], "default": "present"},
            "option": {"type": "str"},
            "number": {"type": "str"},
            "phase": {"type": "str"},
            "status": {"type": "str", "choices": list(STATUSES)},
            "facts": {"type": "dict"},
            "intent": {"type": "str"},
            "event": {"type": "str"},
            "verdict": {"type": "str", "choices": list(VERDICTS)},
        },
        required_if=[("state", "open", ["option"])],
        required_by={"status": ["phase"]},
        supports_check_mode=True,
    )
    unusable = [name for name in CHANGE_OPTIONS if module.params["state"] == "open" and module.params[name]]
    if unusable:
        module.fail_json(msg=f"With state=open these cannot be given: {', '.join(unusable)}.")
    # Refusing a secret must not show it: the arguments of a task are part of its result.
    module.no_log_values.update(text for _path, text in find_secrets(module.params["facts"] or {}))

    keeper = Keeper(module.params, module.check_mode, datetime.now(timezone.utc))
    try:
        outcome = keeper.run()
    except (JournalError, LockError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The journal {keeper.path} or its lock file cannot be read or written: {error}.")
    else:
        module.exit_json(**result_of(outcome, keeper.state, module._diff))


def result_of(outcome: Outcome, state: str, diff: bool) -> dict[str, Any]:
    document, before = outcome.after, outcome.before
    goes_on = before is not None and not is_finished(before) and before["run_id"] == document["run_id"]
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "journal": document,
        "finished": is_finished(document),
        "resumed": state == "open" and goes_on,
        "done": done_phases(document),
        "intents": document["intents"],
    }
    if diff:
        after = serialise(document).decode("utf-8") if outcome.changed or before else ""
        result["diff"] = {"before": serialise(before).decode("utf-8") if before else "", "after": after}
    return result


if __name__ == "__main__":  # pragma: no cover
    main()
