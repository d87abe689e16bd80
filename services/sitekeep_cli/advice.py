"""What to do about each reason of an error, in one sentence."""

from __future__ import annotations

ADVICE = {
    "CREDENTIALS_MISSING": "Put your API key into SITEKEEP_API_KEY, or its file into "
    "SITEKEEP_API_KEY_FILE or --api-key-file.",
    "CREDENTIALS_INVALID": "Look at SITEKEEP_API_KEY, SITEKEEP_API_KEY_FILE and --api-key-file.",
    "NOT_ORGANIZATION_ADMIN": "Look at --organization; sitekeep organization list has yours.",
    "ORGANIZATION_NOT_ENROLLED": "Enrol it: sitekeep organization enroll.",
    "PAGE_TOKEN_INVALID": "List again from the start.",
    "RESOURCE_NOT_FOUND": "Look at the list of what there is, and at --organization.",
    "PRODUCT_NOT_IN_ORGANIZATION": "Look at sitekeep product list, and at --organization.",
    "RESOURCE_ALREADY_EXISTS": "Take another id, or change the one that there is.",
    "ETAG_MISMATCH": "Look at it again: somebody changed it in the meantime.",
    "BACKUP_POLICY_EXISTS": "Use the policy that the product has: sitekeep policy list.",
    "BACKUP_TOO_SOON": "Wait until then; sitekeep policy show names the time at any moment.",
    "BACKUP_IN_PROGRESS": "Wait for it or cancel it: sitekeep operation list.",
    "RESTORE_IN_PROGRESS": "Wait for it or cancel it: sitekeep operation list.",
    "BYOK_PRODUCT_UNSUPPORTED": "The rules of this server leave such products out.",
    "BACKUP_NOT_FINISHED": "Wait for the backup: sitekeep operation watch.",
    "BACKUP_FAILED": "Take another backup: sitekeep backup list.",
    "BACKUP_CANCELLED": "Take another backup: sitekeep backup list.",
    "BACKUP_EXPIRED": "Take a younger backup: sitekeep backup list.",
    "BACKUP_INCOMPLETE": "See what is missing (sitekeep backup issues), then decide on "
    "--allow-incomplete.",
    "RESTORE_TOO_SOON": "Wait until then, or restore another backup.",
    "TARGET_NOT_EMPTY": "Remove what is named, archived and trashed content too, or take an "
    "empty site.",
    "TARGET_TYPE_MISMATCH": "Restore Jira into Jira and Confluence into Confluence.",
    "LOCK_LEASE_ACTIVE": "The holder is alive; release with --force only if you know better.",
    "LOCK_LOST": "Start it again.",
    "ARCHIVE_CORRUPT": "Check the storage of the vault; other backups may be whole, and "
    "sitekeep restore create --salvage brings back what can still be read.",
    "UPSTREAM_UNAVAILABLE": "Check that the site answers, then try again.",
    "UPSTREAM_CREDENTIALS_REFUSED": "Give the product a new token: sitekeep product update "
    "--email … (asks for the token).",
    "UPSTREAM_REFUSED": "See what the site says above.",
    "SERVER_SHUTTING_DOWN": "Try again in a moment.",
    "VAULT_UNAVAILABLE": "Check the disk of the vault (its space, and that it is there) and its "
    "key: sitekeep key show.",
    "BACKUP_HELD": "A restore or a verification reads the backup: wait until it is over.",
    "RESOURCE_IN_USE": "Remove what uses it first.",
    "OPTION_NOT_OFFERED": "Leave it out; the profile of the server decides (SITEKEEP_PROFILE).",
    "VERIFICATION_IN_PROGRESS": "Wait for it or cancel it: sitekeep operation list.",
    "LAST_ADMIN": "Add another one first: sitekeep admin add.",
    "INTERNAL_ERROR": "The log of the server says more.",
}
