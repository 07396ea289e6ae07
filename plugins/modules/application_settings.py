# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the settings of a client."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: application_settings
short_description: Change the application settings of a client
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Sets fields of the application settings of a WhatsApp Business API On-Premises client, among them the webhook's URL.
  - Reads the settings, sends the fields that differ, if any, and reads them again. A field that the client did not take
    over is an error. What is not given stays as it is.
  - Credentials in the settings are hidden in what the module returns and shows.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the fields that differ, without credentials. Where only a credential differs, both sides look alike.
  idempotent:
    support: full
options:
  settings:
    description:
      - The fields to set. Not every version of the client has all of them. One that the client does not have is an
        error.
      - What is wrong with a value is told without the value, as one in the wrong place may be a secret.
      - The number of the client, C(wa_id), is part of the settings and cannot be set. Media providers have an endpoint
        of their own and are not set here.
    type: dict
    required: true
    suboptions:
      axolotl_context_striping_disabled:
        description: Whether not to spread the encryption state.
        type: bool
      callback_backoff_delay_ms:
        description: Milliseconds by which the delay before a callback is sent again grows with each attempt.
        type: int
      callback_persist:
        description: Whether callbacks are stored until the receiver has acknowledged them. Needs a restart.
        type: bool
      db_garbagecollector_enable:
        description: Whether old messages are deleted, in older versions. Needs a restart.
        type: bool
      garbagecollector_enable:
        description: What is deleted when it is old, in newer versions.
        type: dict
        suboptions:
          messages:
            description: Messages.
            type: bool
          media:
            description: Media files.
            type: bool
      heartbeat_interval:
        description: Seconds between two looks of a master at a coreapp.
        type: int
      log_level:
        description: How much is logged, such as V(info).
        type: str
      max_callback_backoff_delay_ms:
        description: The longest such delay, in milliseconds.
        type: int
      media:
        description: Settings of media.
        type: dict
        suboptions:
          auto_download:
            description: The kinds that are downloaded by themselves. Their order does not matter.
            type: list
            elements: str
            choices: [audio, document, image, sticker, video, voice]
      notify_user_change_number:
        description: Whether it is told when a contact changes the number.
        type: bool
      on_call_pager:
        description: Account or group that gets alerts, in older versions.
        type: str
      pass_through:
        description:
          - Whether messages are removed once they are delivered or read. Needs a restart.
          - Since version 2.35 it cannot be switched on any more once it is off.
        type: bool
      sent_status:
        description: Whether callbacks tell that a message was sent. Newer versions have C(webhooks.message.sent).
        type: bool
      show_security_notifications:
        description: Whether callbacks tell that a contact's security code has changed.
        type: bool
      skip_referral_media_download:
        description: Whether the media of advertisements are not downloaded.
        type: bool
      unhealthy_interval:
        description: Seconds without an answer after which a coreapp counts as gone.
        type: int
      verbose_logging:
        description: Whether more is logged, in older versions.
        type: bool
      webhook_payload_conversation_pricingmodel_disabled:
        description: Whether callbacks leave out the pricing model.
        type: bool
      webhooks:
        description: Settings of the webhook.
        type: dict
        suboptions:
          url:
            description:
              - Where callbacks are posted, C(https) only. Empty for nowhere.
              - Receivers put tokens into their addresses, so it is treated as a secret.
            type: str
          max_concurrent_requests:
            description: How many callbacks are posted at a time. Needs a restart.
            type: int
            choices: [6, 12, 18, 24]
          message_statuses:
            description:
              - Which statuses of a message are posted. Since version 2.41.2.
              - The client calls it C(message), a name that Ansible does not allow for an option.
            type: dict
            suboptions:
              sent:
                description: That it was sent.
                type: bool
              delivered:
                description: That it was delivered.
                type: bool
              read:
                description: That it was read.
                type: bool
seealso:
  - module: waba.migration.client_info
  - module: waba.migration.webhook_certificate
  - name: On-Premises API, Settings, Application
    description: The fields, their defaults, and which of them need a restart.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/settings/app
"""

EXAMPLES = r"""
- name: Point the webhook to another receiver
  waba.migration.application_settings:
    api_password: "{{ vault_admin_password }}"
    settings:
      webhooks:
        url: "{{ vault_webhook_url }}"

- name: Post more callbacks at a time, and keep those that are not acknowledged
  waba.migration.application_settings:
    api_password: "{{ vault_admin_password }}"
    settings:
      callback_persist: true
      webhooks:
        max_concurrent_requests: 12
  register: settings

- name: Restart the coreapp where that is needed
  ansible.builtin.command:
    cmd: docker restart biz-wacore-1
  when: settings.restart_required
  changed_when: true
"""

RETURN = r"""
settings:
  description:
    - All application settings after the module, with each secret and each credential in a URL replaced by C(REDACTED).
    - In check mode as they would be.
  type: dict
  returned: success
  sample: {callback_persist: true, webhooks: {max_concurrent_requests: 12, url: "https://hooks.example.org/wa"}}
changed_fields:
  description: The fields that were changed.
  type: list
  elements: str
  returned: success
  sample: [webhooks.max_concurrent_requests, webhooks.url]
restart_required:
  description:
    - Whether a changed field takes effect only after a restart of all coreapps. The client cannot be asked whether that
      restart was made, so a second run has V(false).
  type: bool
  returned: success
  sample: true
"""

from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._client import application_settings
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._settings import redact_settings, redact_url
from ansible_collections.waba.migration.plugins.module_utils._settings_change import (
    NEED_RESTART,
    differing,
    given,
    merged,
    names,
    only,
    settings_argument_spec,
)

PATH = "/v1/settings/application"


def webhook_url(wanted: dict[str, Any]) -> str:
    url: str = wanted.get("webhooks", {}).get("url", "")
    return url


def check_url(url: str) -> None:
    """Raises ClientError, without the URL, when no callback could be posted there."""
    try:
        good = not url or (urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname))
    except ValueError:
        good = False
    if not good:
        raise ClientError(
            "webhooks.url must begin with https:// and a host name, or be empty. Nothing was asked of the client."
        )


def change(api: Api, wanted: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError."""
    before = application_settings(api)
    difference = differing(wanted, before)
    after = merged(before, difference)
    if difference and not check_mode:
        api.patch(PATH, difference)
        after = application_settings(api)
        left = differing(difference, after)
        if left:
            raise ClientError(
                f"PATCH {api.base}{PATH} was accepted, but the client still has "
                f"{redact_settings(only(left, after))} instead of {redact_settings(left)}. "
                "Look in the documentation of its version for these fields."
            )
    changed = names(difference)
    return {
        "changed": bool(changed),
        "settings": redact_settings(after),
        "changed_fields": changed,
        "restart_required": any(name in NEED_RESTART for name in changed),
        "diff": {
            "before": redact_settings(only(difference, before)),
            "after": redact_settings(only(difference, after)),
        },
    }


def main() -> None:
    spec = client_argument_spec()
    secrets = [name for name, option in spec.items() if option.get("no_log")]
    # Every value is hidden while the options are looked at, since a misspelt name may have the URL.
    spec.update(settings={"type": "dict", "required": True, "no_log": True, "options": settings_argument_spec()})
    module = AnsibleModule(spec, supports_check_mode=True)
    wanted = given(module.params["settings"])
    url = webhook_url(wanted)
    # From here on the name of each value is known. A URL with nothing in it to hide may be shown.
    module.no_log_values = {module.params[name] for name in secrets if module.params[name]}
    if redact_url(url) != url:
        module.no_log_values.add(url)
    try:
        check_url(url)
        result = change(make_api(module.params), wanted, module.check_mode)
    except ClientError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
