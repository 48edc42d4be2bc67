//! Preregistrations: hypothesis, method and planned analysis, committed to before the training.
//!
//! A [`Plan`] is committed to as a [`Preregistration`], which is public: for each section it
//! holds a salted SHA-256, from which nobody can guess the text. The texts and salts are in the
//! [`Opening`], which stays private until its sections are [opened](Preregistration::open) into
//! the public record. A signature says who committed; a timestamp of an authority (RFC 3161) says
//! since when. Without one, nothing says when: a time that the author writes is no proof, so none
//! is written. `docs/preregistration.md` describes the files byte by byte.
//!
//! ```
//! use entrenar::research::preregistration::{Checks, Plan, Preregistration};
//!
//! let text = [
//!     "## Hypothesis\nRank 64 beats rank 8.",
//!     "## Method\nThree seeds each.",
//!     "## Analysis\nWelch's t-test on the last validation loss.",
//! ];
//! let plan = Plan::from_markdown("plan.md", &text.join("\n\n"))?;
//! let (mut public, private) = Preregistration::commit(&plan)?;
//! assert!(!String::from_utf8_lossy(&public.to_json()).contains("Rank 64"));
//!
//! public.open(&private, &["hypothesis"])?;
//! assert!(public.verify(&Checks::default()).holds());
//! let edited = String::from_utf8(public.to_json())?.replace("Rank 64", "Rank 32");
//! let edited = Preregistration::parse(edited.as_bytes())?;
//! let report = edited.verify(&Checks::default());
//! assert!(report.problems[0].to_string().contains("\"hypothesis\""));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod opening;
mod plan;
mod registration;
mod statement;
mod verify;

pub use error::{PlanProblem, PreregistrationError};
pub use opening::Opening;
pub use plan::{Plan, Section};
pub use registration::Preregistration;
pub use verify::{Checks, Problem, Report, SectionState, SectionStatus, Stamp};

use ring::digest::{Context, SHA256};

/// Name of the public file in a crate.
pub const FILE_NAME: &str = "preregistration.json";

/// The sections that every plan has.
pub const REQUIRED: [&str; 3] = ["hypothesis", "method", "analysis"];

/// The most that a file or a plan may hold, in bytes.
const SIZE_LIMIT: usize = 16 << 20;
/// The most sections.
const SECTION_LIMIT: usize = 100;

/// What a section commits to: SHA-256 of a mark, the salt, and name and text with their lengths.
fn commitment(salt: &[u8; 32], name: &str, text: &str) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(b"entrenar preregistration section 1\0");
    context.update(salt);
    for part in [name, text] {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        context.update(&length.to_le_bytes());
        context.update(part.as_bytes());
    }
    bytes(context)
}

/// SHA-256 of several pieces.
fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for piece in pieces {
        context.update(piece);
    }
    bytes(context)
}

fn bytes(context: Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    bytes
}
