//! How many artifacts a second one thread writes in all formats.
//!
//! `cargo run --release --example formats_speed -- [COUNT]` describes COUNT sessions (10,000), each
//! of three authors, two grants, references and related works, and writes each in every format.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate};
use entrenar::ecosystem::{EntrenarSession, session_to_artifact};
use entrenar::research::format::Format;
use entrenar::research::{
    Affiliation, Author, Doi, Funding, Identifier, Language, License, Reference, ReferenceKind,
    RelatedIdentifier, RelationType, ResearchArtifact, Software, Subject,
};

fn session(at: usize) -> EntrenarSession {
    let mut session = EntrenarSession::new(format!("{at:016x}"), format!("Rank {at} & rank {{8}}"))
        .with_user("Ludwig van Beethoven")
        .with_architecture("llama-2-7b")
        .with_dataset("alpaca");
    for step in 0..100_i32 {
        session.metrics.add_loss(1.0 / f64::from(step + 1));
    }
    session
}

fn described(session: &EntrenarSession) -> Result<ResearchArtifact, Box<dyn Error>> {
    let mut artifact = session_to_artifact(session)?
        .with_author(
            Author::new("Müller, Jürgen")
                .with_orcid("0000-0002-1825-0097")?
                .with_affiliation(Affiliation::new("CERN").with_ror("01ggx4157")?),
        )
        .with_author(Author::new("The HF Team and Friends"))
        .with_license(License::parse("MIT OR Apache-2.0")?)
        .with_doi(Doi::parse("10.5281/zenodo.1003150")?)
        .with_url("https://example.org/runs/64")?
        .with_recorded_times(
            DateTime::from_timestamp(1_700_000_000, 0),
            DateTime::from_timestamp(1_700_100_000, 0),
        );
    artifact.release_date = NaiveDate::from_ymd_opt(2026, 11, 22);
    artifact.language = Some(Language::parse("en")?);
    artifact.abstract_text = Some("What happens when the rank of an adapter grows.".repeat(10));
    artifact.publisher = Some("Zenodo".into());
    artifact.subjects.push(Subject {
        term: "Machine learning".into(),
        scheme: Some("LCSH".into()),
        uri: Some("https://id.loc.gov/authorities/subjects/sh85079324".into()),
    });
    for award in ["777541", "824087"] {
        artifact.funding.push(
            Funding::new("European Commission")
                .with_ror("00k4n6c32")?
                .with_award_number(award)
                .with_award_title("Adapters"),
        );
    }
    for other in [
        "arXiv:2106.09685",
        "10.5281/zenodo.7",
        "https://example.org/data",
    ] {
        artifact.related.push(RelatedIdentifier {
            identifier: Identifier::parse(other)?,
            relation: RelationType::IsDerivedFrom,
            artifact_type: None,
        });
    }
    artifact.references.push(
        Reference::new(ReferenceKind::Article)
            .with_title("LoRA: Low-Rank Adaptation of Large Language Models")
            .with_author(Author::new("Edward J. Hu"))
            .with_doi(Doi::parse("10.48550/arXiv.2106.09685")?),
    );
    artifact.software.push(Software {
        name: "torch".into(),
        version: Some("2.9.1".into()),
        url: None,
    });
    artifact.hardware.push("NVIDIA A100 80GB".into());
    Ok(artifact)
}

/// How long this thread had a processor, which other programs do not change; Linux tells.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = told.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 10_000,
    };
    let sessions: Vec<EntrenarSession> = (0..count).map(session).collect();

    let mut spent = vec![Duration::ZERO; Format::ALL.len()];
    let mut bytes = vec![0_usize; Format::ALL.len()];
    let began = Instant::now();
    let processor = on_processor();
    let mut describing = Duration::ZERO;
    for session in &sessions {
        let start = Instant::now();
        let artifact = described(session)?;
        describing += start.elapsed();
        for (at, format) in Format::ALL.iter().enumerate() {
            let start = Instant::now();
            let written = format.write(&artifact)?.len();
            if let (Some(spent), Some(bytes)) = (spent.get_mut(at), bytes.get_mut(at)) {
                *spent += start.elapsed();
                *bytes += written;
            }
        }
    }
    let wall = began.elapsed();
    let whole = match (processor, on_processor()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => wall,
    };
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count.max(1) as f64;
    println!("{:>12.1} µs  the description", each(describing));
    for ((format, time), bytes) in Format::ALL.iter().zip(&spent).zip(&bytes) {
        println!(
            "{:>12.1} µs  {format} ({} bytes)",
            each(*time),
            bytes / count.max(1)
        );
    }
    println!(
        "{count} sessions in {} formats: {:.2} s on a processor ({:.2} s passed), {:.0} sessions a \
         second a core",
        Format::ALL.len(),
        whole.as_secs_f64(),
        wall.as_secs_f64(),
        count as f64 / whole.as_secs_f64()
    );
    Ok(())
}
