//! The maxima of events.

/// A language tag, in bytes.
pub const LANGUAGE_BYTES: usize = 35;

/// Roles of one user.
pub const ROLES_PER_USER: usize = 32;

/// The body of a webhook, in bytes.
pub const HOOK_BYTES: usize = 256 * 1024;

/// The `webhook-id`, in bytes.
pub const HOOK_ID_BYTES: usize = 128;
