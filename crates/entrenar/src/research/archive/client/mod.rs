//! The archives: one file for each API, behind [`Archive`](super::Archive).

pub(super) mod invenio;
pub(super) mod legacy;
