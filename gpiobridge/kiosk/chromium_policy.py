"""Chromium's managed policy in the kiosk. The kiosk's unit mounts it over Chromium's own policies.

This module owns each policy and the reason for it. Names and values are those of Chromium's policy
list (https://chromeenterprise.google/policies/). Chromium ignores a policy that it doesn't know,
so a test looks for each of them in the installed Chromium. Some things no policy can stop, such as
a new tab: `tabs` closes these. Any thread.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gpiobridge.kiosk import home
from gpiobridge.net.hosts import origin_of
from gpiobridge.system.units import EXHIBIT, KIOSK, bare
from gpiobridge.system.whole_files import replacing

FILE = f"{EXHIBIT}/chromium-policies/managed/gpiobridge.json"
"""The file that the kiosk's unit writes before each start."""

START_PAGE = f"/run/{bare(KIOSK)}/start.html"
"""The page that leads to the bridge, in the unit's own folder: only its user sees its secrets. One
of several kiosks has it in a folder of its own there."""

_BLOCKED, _OFF = 2, False

_NOTHING_ASKED = {
    # A kiosk has nobody who could answer, and a visitor must not: 2 is "block".
    "DefaultNotificationsSetting": _BLOCKED,
    "DefaultGeolocationSetting": _BLOCKED,
    "DefaultWebUsbGuardSetting": _BLOCKED,
    "DefaultWebBluetoothGuardSetting": _BLOCKED,
    "DefaultSerialGuardSetting": _BLOCKED,
    "DefaultWebHidGuardSetting": _BLOCKED,
    "DefaultFileSystemReadGuardSetting": _BLOCKED,
    "DefaultFileSystemWriteGuardSetting": _BLOCKED,
    "DefaultLocalFontsSetting": _BLOCKED,
    "DefaultWindowManagementSetting": _BLOCKED,
    "DefaultClipboardSetting": _BLOCKED,
    "DefaultAutomaticDownloadsSetting": _BLOCKED,
    "DefaultIdleDetectionSetting": _BLOCKED,
    "ScreenCaptureAllowed": _OFF,
    "AuthSchemes": "negotiate",  # Basic, Digest and NTLM open a dialog; it never does
    "PaymentMethodQueryEnabled": _OFF,
    "DefaultBrowserSettingEnabled": _OFF,
    "PrivacySandboxPromptEnabled": _OFF,
    "FeedbackSurveysEnabled": _OFF,
    "PromotionsEnabled": _OFF,
    "CommandLineFlagSecurityWarningsEnabled": _OFF,
}

_NOTHING_OPENED = {
    "DefaultPopupsSetting": _BLOCKED,
    "AllowFileSelectionDialogs": _OFF,
    "DownloadRestrictions": 3,  # all
    "PromptForDownloadLocation": _OFF,
    "PrintingEnabled": _OFF,
    "DeveloperToolsAvailability": 2,  # nowhere; this does not concern the launcher's pipe
    "IncognitoModeAvailability": 1,  # disabled
    "BrowserGuestModeEnabled": _OFF,
    "BrowserAddPersonEnabled": _OFF,
    "ProfilePickerOnStartupAvailability": 1,  # disabled
    "BrowserSignin": 0,  # disabled
    "SyncDisabled": True,
    "ExtensionInstallBlocklist": ["*"],
    "BookmarkBarEnabled": _OFF,
    "EditBookmarksEnabled": _OFF,
    "TaskManagerEndProcessEnabled": _OFF,
    "UserFeedbackAllowed": _OFF,
    "EnableMediaRouter": _OFF,
    "QRCodeGeneratorEnabled": _OFF,
    "DesktopSharingHubEnabled": _OFF,
    "LensRegionSearchEnabled": _OFF,
    "LensOverlaySettings": 1,  # disabled
    "SideSearchEnabled": _OFF,
    "GenAiDefaultSettings": 2,  # none of them
    "GeminiSettings": 1,  # disabled
    "AIModeSettings": 1,  # disabled
    "AllowDinosaurEasterEgg": _OFF,
}

_NOTHING_OFFERED = {
    "TranslateEnabled": _OFF,
    "AutofillAddressEnabled": _OFF,
    "AutofillCreditCardEnabled": _OFF,
    "PasswordManagerEnabled": _OFF,
    "SearchSuggestEnabled": _OFF,
    "DefaultSearchProviderEnabled": _OFF,
    "LiveCaptionEnabled": _OFF,
    "SpellcheckEnabled": _OFF,
    "ShowHomeButton": _OFF,
}

# "*" does not match Chromium's own schemes.
_NOWHERE = ["*", "chrome://*", "chrome-untrusted://*", "devtools://*", "file://*", "view-source:*"]

# The exhibit's own frames: a document that a page makes itself has none of the bridge's addresses.
_OWN = ["about:blank", "about:srcdoc", "blob:*", "data:*"]


def policy(
    bridge: str, allow: Sequence[str], *, camera: bool, placed: Iterable[str] = ()
) -> dict[str, object]:
    """Make the policy.

    Args:
        bridge: the bridge's address, such as ``http://127.0.0.1:8000``.
        allow: the addresses of other sites that may be shown, without a path.
        camera: whether the bridge's pages may use camera and microphone without a question.
        placed: the displays of several kiosks on this machine.
    """
    folder, name = os.path.split(START_PAGE)
    start_pages = [START_PAGE, *(f"{folder}/{each}/{name}" for each in placed)]
    own = [bridge, *home.origins(bridge)[1:]]
    seeing = own if camera else []
    return {
        **_NOTHING_ASKED,
        **_NOTHING_OPENED,
        **_NOTHING_OFFERED,
        "URLBlocklist": _NOWHERE,
        "URLAllowlist": [
            *map(_exactly, (*own, *allow)),
            *_OWN,
            *(f"file://{page}" for page in start_pages),
        ],
        "HomepageIsNewTabPage": _OFF,
        "HomepageLocation": f"{bridge}/",
        "VideoCaptureAllowed": _OFF,
        "VideoCaptureAllowedUrls": seeing,
        "AudioCaptureAllowed": _OFF,
        "AudioCaptureAllowedUrls": seeing,
    }


def text(made: dict[str, object]) -> str:
    """Return a policy as Chromium reads it."""
    return json.dumps(made, indent=2) + "\n"


def write(path: Path, content: str) -> None:
    """Write a policy that every user can read, wholly or not at all.

    Args:
        path: the file. Missing folders are made, readable for every user. Existing folders stay
            as they are.
        content: the policy, as `text` returns it.

    Raises:
        OSError: it can't be written.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)  # with every umask; an existing folder keeps its mode
    with replacing(path) as new:
        os.fchmod(new.fileno(), 0o644)
        new.write(content.encode())


def _exactly(site: str) -> str:
    """Return a filter for an address that matches neither other ports nor subdomains.

    This is Chromium's URL filter format (https://support.google.com/chrome/a/answer/9942583).
    Without a port, the filter matches every port. With a dot before the name, it does not match
    subdomains.
    """
    scheme, _, place = origin_of(site).partition("://")
    is_name = place.rpartition(":")[0].strip("0123456789.") != "" and not place.startswith("[")
    return f"{scheme}://{'.' if is_name else ''}{place}"
