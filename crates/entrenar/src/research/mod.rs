//! The citable description of a session: artifact, citation, archive metadata.
