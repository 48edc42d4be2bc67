//! Citations judged by the programs of the field: biber, pybtex, cffconvert, PyYAML with the
//! schema of the Citation File Format, citation-js; and archive metadata by InvenioRDM.
//!
//! Hostile artifacts are written to a folder, and `scripts/oracle/check_citations.py` reads it
//! with each program and compares what they read with what was meant. Tried with biber 2.18,
//! pybtex 0.26, cffconvert 2.0.0 and citation-js 0.7.21.
//!
//! * `ENTRENAR_PYTHON`: the Python that has pybtex, cffconvert and PyYAML (default `python3`)
//! * `ENTRENAR_CITATION_JS`: a folder with `node_modules/citation-js` (optional)
//! * `ENTRENAR_INVENIO`, `ENTRENAR_INVENIO_TOKEN`: address (with `/api`) and token of a local
//!   InvenioRDM that makes drafts of the archive metadata (optional; tried with 14.0.5)

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of a test; what was skipped is said"
)]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::NaiveDate;
use entrenar::research::{
    Affiliation, ArchiveDeposit, ArtifactType, Author, AuthorKind, CitationMetadata, Doi,
    Importance, License, PreparedDeposit, ResearchArtifact, ZenodoConfig,
};
use serde_json::{Value, json};

/// Pieces that break formats, names that break parsers, and plain words between them.
const NASTY: [&str; 78] = [
    "",
    " ",
    "a",
    "Learning",
    "rank 64",
    "{",
    "}",
    "{}",
    "}{",
    "{{",
    "}}",
    "\\",
    "\\\\",
    "\\LaTeX",
    "\\input{/etc/passwd}",
    "\\{",
    "\\}",
    "\"",
    "\"\"",
    "'",
    "`",
    "``",
    "@",
    "@article{x,",
    "%",
    "% x",
    "#",
    " # ",
    "$",
    "$x^2$",
    "~",
    "^",
    "_",
    "&",
    "&amp;",
    "\n",
    "\r\n",
    "\n\n@comment{",
    "\t",
    "\0",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{9b}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{1fffe}",
    "\u{200b}",
    "\u{202e}",
    "\u{a0}",
    "\u{3000}",
    "e\u{301}",
    "é",
    "ß",
    "日本語",
    "한국어",
    "עברית",
    "😀",
    "👩\u{200d}🔬",
    "\u{10ffff}",
    ",",
    ", ",
    ";",
    ":",
    " and ",
    "and",
    "AND",
    "others",
    "- ",
    "---",
    "...",
    "? ",
    "|",
    ">",
    "*a",
    "!!str 1",
];

const NAMES: [&str; 44] = [
    "alice",
    "Ada Lovelace",
    "Ludwig van Beethoven",
    "Beethoven, Ludwig van",
    "Müller, Jürgen",
    "researcher@university.edu",
    "O\"Neil, {Sean}",
    "The HF Team and Friends",
    "others",
    "Others",
    "others, others",
    "and",
    "And And",
    "Alice and Bob",
    "Alice AND Bob",
    "Santiago Ramón y Cajal",
    "Sammy Davis, Jr.",
    "Sammy Davis III",
    "Davis, Jr., Sammy",
    "a, b, c, d",
    ",",
    "Smith,",
    ", John",
    "山田 太郎",
    "山田太郎",
    "Jean de la Fontaine",
    "jean de la fontaine",
    "d'Artagnan",
    "Charles d' Artagnan",
    "OpenAI, Inc.",
    "  ",
    "\0",
    "{",
    "}",
    "A} and {B",
    "\\relax",
    "%",
    "~",
    "Иван Петров",
    "محمد علي",
    "X Æ A-12",
    "Jürgen von der Straße",
    "1 2 3",
    "a@b@c",
];

/// A small deterministic generator (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap()
    }

    fn one_of<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    fn nasty(&mut self, longest: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.below(longest + 1) {
            text.push_str(self.one_of(&NASTY));
            if self.below(3) == 0 {
                let code = u32::try_from(self.roll() % 0x11_0000).unwrap();
                text.extend(char::from_u32(code));
            }
        }
        text
    }
}

fn hostile(case: usize, dice: &mut Dice) -> ResearchArtifact {
    let title = match case {
        0 => String::new(),
        1 => NASTY.concat(),
        _ => dice.nasty(8),
    };
    let types = [
        ArtifactType::Notebook,
        ArtifactType::Dataset,
        ArtifactType::Model,
        ArtifactType::Code,
        ArtifactType::Paper,
        ArtifactType::Workflow,
    ];
    let mut artifact =
        ResearchArtifact::new(format!("{case} {}", dice.nasty(3)), title, types[case % 6])
            .with_keywords(
                (0..dice.below(6))
                    .map(|_| dice.nasty(3))
                    .collect::<Vec<_>>(),
            );
    if dice.below(2) == 0 {
        artifact = artifact.with_description(dice.nasty(30));
    }
    if dice.below(2) == 0 {
        artifact = artifact.with_version(dice.nasty(3));
    }
    for _ in 0..dice.below(4) {
        let name = match dice.below(3) {
            0 => dice.nasty(4),
            _ => dice.one_of(&NAMES).to_owned(),
        };
        let mut author = match dice.below(8) {
            0 => Author::organisation(name),
            _ => Author::new(name),
        };
        for _ in 0..dice.below(3) {
            author = author.with_affiliation(Affiliation::new(dice.nasty(3)));
        }
        if dice.below(3) == 0 {
            author = author.with_orcid("0000-0002-1694-233X").unwrap();
        }
        if dice.below(3) == 0 {
            author = author.with_email(dice.nasty(2) + "@example.org");
        }
        artifact = artifact.with_author(author);
    }
    if case >= 10 && case - 10 < NAMES.len() {
        artifact.authors = vec![Author::new(NAMES[case - 10])];
    }
    let licenses = [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT AND Zlib",
        "LicenseRef-x",
        "BSD-3-Clause-HP",
    ];
    if dice.below(2) == 0 {
        artifact = artifact.with_license(License::parse(dice.one_of(&licenses)).unwrap());
    }
    if dice.below(3) == 0 {
        artifact = artifact.with_release_date(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap());
    }
    if dice.below(4) == 0 {
        let doi = dice.one_of(&["10.5281/zenodo.1", "10.1002/(SICI)1<1::A#$_&~>2.0;2-X"]);
        artifact = artifact.with_doi(Doi::parse(doi).unwrap());
    }
    if dice.below(4) == 0 {
        artifact = artifact
            .with_url("https://example.org/a_b/%20?x=1&y=~#$z")
            .unwrap();
    }
    if dice.below(4) == 0 {
        artifact.title_derived_from = Some(dice.nasty(3));
    }
    artifact
}

/// What the programs must read.
fn meant(
    artifact: &ResearchArtifact,
    citation: &CitationMetadata,
    deposit: &PreparedDeposit,
) -> Value {
    let missing: Vec<String> = deposit
        .missing()
        .iter()
        .filter(|item| item.importance == Importance::Required)
        .map(|item| format!("{:?}", item.field))
        .collect();
    let authors: Vec<Value> = artifact
        .authors
        .iter()
        .filter(|author| author.is_named())
        .map(|author| {
            let parts = author.parts();
            json!({
                "person": author.kind() == AuthorKind::Person,
                "given": parts.given.unwrap_or_default(),
                "particle": parts.particle.unwrap_or_default(),
                "family": parts.family,
                "suffix": parts.suffix.unwrap_or_default(),
            })
        })
        .collect();
    json!({
        "key": citation.key(),
        "title": artifact.title,
        "keywords": artifact.keywords,
        "authors": authors,
        "missing": missing,
    })
}

fn available(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .output()
        .is_ok_and(|output| output.status.success())
}

#[expect(clippy::disallowed_methods, reason = "a scratch folder of a test")]
fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

/// Writes the citations and has the programs read them.
fn judge(artifacts: &[ResearchArtifact]) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    let mut expected = Vec::new();
    for (case, artifact) in artifacts.iter().enumerate() {
        let citation = match case % 3 {
            0 => CitationMetadata::without_year(artifact),
            _ => CitationMetadata::from_artifact(artifact, 2024),
        };
        let bibtex = citation.to_bibtex();
        write(&folder.path().join(format!("{case:03}.bib")), &bibtex);
        write(
            &folder.path().join(format!("{case:03}.cff")),
            &citation.to_cff(),
        );
        let mut archive = ZenodoConfig::new("t");
        if case % 5 == 0 {
            archive = archive.with_base_url("https://archive.example.org");
        }
        let deposit = ArchiveDeposit::new(archive).prepare(artifact).unwrap();
        write(
            &folder.path().join(format!("{case:03}.record.json")),
            &deposit.to_json(),
        );
        all.push_str(&bibtex);
        expected.push(meant(artifact, &citation, &deposit));
    }
    write(&folder.path().join("all.bib"), &all);
    write(
        &folder.path().join("meant.json"),
        &Value::from(expected).to_string(),
    );

    let python = env::var("ENTRENAR_PYTHON").unwrap_or_else(|_| "python3".into());
    if !available(&python, "--version") {
        println!("SKIPPED: no Python at {python}; set ENTRENAR_PYTHON");
        return;
    }
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/oracle/check_citations.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_programs_of_the_field_read_hostile_citations() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let artifacts: Vec<_> = (0..220).map(|case| hostile(case, &mut dice)).collect();
    judge(&artifacts);
}

#[cfg(feature = "ruchy-sessions")]
#[test]
fn the_programs_of_the_field_read_citations_of_real_sessions() {
    use entrenar::bridge::{Limits, read_file};
    use entrenar::ecosystem::session_to_artifact;

    let corpus = env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        std::path::PathBuf::from,
    );
    let mut paths = Vec::new();
    collect_files(&corpus, &mut paths);
    paths.sort();
    let mut artifacts: Vec<ResearchArtifact> = Vec::new();
    for path in paths {
        let Ok(imported) = read_file(&path, Limits::default()) else {
            continue;
        };
        // Two files with the same bytes are the same session.
        if let Ok(artifact) = session_to_artifact(&imported.session)
            && artifacts.iter().all(|other| other.id != artifact.id)
        {
            artifacts.push(artifact);
        }
    }
    if artifacts.is_empty() {
        println!("SKIPPED: no sessions below {}", corpus.display());
        return;
    }
    assert!(artifacts.len() > 50, "{} sessions", artifacts.len());
    judge(&artifacts);
}

#[cfg(feature = "ruchy-sessions")]
fn collect_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}
