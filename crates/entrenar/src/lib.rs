//! A flight recorder for interactive machine-learning training.
//!
//! entrenar reads what happened in a Ruchy, Jupyter or terminal session — every cell, every
//! printed number — keeps it, and turns it into an artifact that others can cite, verify and
//! re-run. Everything here belongs to one of four verbs: **capture → look → preserve →
//! reproduce**.
//!
//! ```
//! use entrenar::session::EntrenarSession;
//!
//! let mut session = EntrenarSession::new("sess-001", "Fine-tuning").with_user("alice");
//! session.metrics.add_loss(0.5);
//! session.metrics.add_loss(0.2);
//! session.end();
//! assert_eq!(session.metrics.total_steps(), 2);
//! assert_eq!(session.metrics.best_loss(), Some(0.2));
//! ```
//!
//! # The layers
//!
//! An upper module may use a lower one only.
//!
//! | module | what it holds |
//! |---|---|
//! | [`preserve`] | the artifact folder: every export of one session, with checksums |
//! | [`ecosystem`] | the names of the session bridge: Ruchy bridge, `session_to_artifact` |
//! | [`record`] | a session recorded while it happens |
//! | [`bridge`] | one reader per foreign format: bytes in, session out |
//! | [`export`] | one writer per format: session in, bytes out |
//! | [`extract`] | printed text → points |
//! | [`store`] | sessions kept: chunks, blobs, queries |
//! | [`secrets`] | what looks like a credential |
//! | [`research`] | artifact, citation, archive metadata (never sees a session) |
//! | [`session`] | [`EntrenarSession`](session::EntrenarSession), metrics, cells, runs, time |
//! | [`files`] | atomic writes |
//!
//! # Features
//!
//! | feature | adds | packages it pulls |
//! |---|---|---|
//! | (none) | session, bridges, extraction, exports, research | serde_json, chrono, sha2, vte, spdx |
//! | `ruchy-sessions` | [`ecosystem`] and the Ruchy bridge | none |
//! | `store` | the SQLite store | rusqlite (bundled SQLite), pco |
//! | `record` | `record`: the [`Recorder`](record::Recorder) of live sessions, and `store::recording`; implies `store` | entrenar-journal |
//! | `preserve` | [`preserve`]: the artifact folder and its HTML page; implies `ruchy-sessions` | ammonia, pulldown-cmark |
//! | `citations` | readers of BibTeX, `CITATION.cff` and `entrenar.toml`; citations in any CSL style | biblatex, hayagriva, granit-parser, toml |
//! | `signing` | `research::signing`: keys, signatures, in-toto, timestamps, preregistrations | ed25519-dalek, blake2, scrypt, rustls-webpki (ring) |
//! | `deposit` | `research::archive`: deposits at InvenioRDM and Zenodo, that go on where they were cut off | ureq (rustls, ring), md-5, secrecy |
//!
//! The library is synchronous; it never prints, exits, or reads HOME or environment variables.

#[cfg(any(feature = "preserve", feature = "signing"))]
mod base64;
pub mod bridge;
#[cfg(feature = "ruchy-sessions")]
pub mod ecosystem;
pub mod export;
pub mod extract;
pub mod files;
#[cfg(feature = "preserve")]
pub mod preserve;
#[cfg(feature = "record")]
pub mod record;
pub mod research;
pub mod secrets;
pub mod session;
#[cfg(feature = "store")]
pub mod store;
pub mod window;
