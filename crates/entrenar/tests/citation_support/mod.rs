//! Hostile artifacts, real ones, and the programs that judge what is written of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests; what was skipped is said"
)]

use std::env;
use std::fs;
use std::path::Path;
#[cfg(feature = "ruchy-sessions")]
use std::path::PathBuf;
use std::process::Command;

use chrono::{DateTime, NaiveDate};
use entrenar::research::{
    Affiliation, ArtifactType, Author, ContributorRole, Doi, Funding, Identifier, Language,
    License, PartialDate, Reference, ReferenceKind, RelatedIdentifier, RelationType,
    ResearchArtifact, Software, Subject,
};

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
pub(crate) struct Dice(u64);

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
        "GPL-3.0-or-later",
        "CC-BY-4.0",
        "Apache-2.0 WITH LLVM-exception",
        "(MIT OR Apache-2.0) AND CC0-1.0",
        "MIT OR BSD-3-Clause-HP OR MIT",
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

/// Adds what surrounds an artifact: money, subjects, related identifiers, what was used.
fn surrounded(mut artifact: ResearchArtifact, dice: &mut Dice) -> ResearchArtifact {
    let maybe = |dice: &mut Dice| dice.below(3) == 0;
    if maybe(dice) {
        artifact.abstract_text = Some(dice.nasty(20));
    }
    if maybe(dice) {
        let tag = dice.one_of(&["en", "de-AT", "zh-Hans", "gsw"]);
        artifact.language = Some(Language::parse(tag).unwrap());
    }
    for _ in 0..dice.below(3) {
        artifact.subjects.push(Subject {
            term: dice.nasty(3),
            scheme: maybe(dice).then(|| dice.nasty(2)),
            uri: maybe(dice).then(|| "https://id.loc.gov/authorities/subjects/sh85079324".into()),
        });
    }
    for _ in 0..dice.below(3) {
        let mut funding = Funding::new(dice.nasty(3));
        if maybe(dice) {
            funding = funding.with_ror("https://ror.org/00k4n6c32").unwrap();
        }
        if maybe(dice) {
            funding = funding.with_award_number(dice.nasty(2));
        }
        if maybe(dice) {
            funding = funding.with_award_title(dice.nasty(3));
        }
        if maybe(dice) {
            funding = funding
                .with_award_url("https://cordis.europa.eu/project/id/777541")
                .unwrap();
        }
        artifact.funding.push(funding);
    }
    const IDENTIFIERS: [&str; 11] = [
        "10.5281/zenodo.1003150",
        "10.1002/(SICI)1<1::A#$_&~>2.0;2-X",
        "arXiv:2106.09685v2",
        "isbn:978-0-262-03561-3",
        "issn:2049-3630",
        "pmid:12345678",
        "hdl:2027/mdp.39015",
        "swh:1:rev:309cf2674ee7a0749978cf8265ab91a60aea0f7d",
        "ark:/12148/btv1b8449691v",
        "urn:nbn:de:101:1-201102033592",
        "https://example.org/a_b?c=%20&d=~#e",
    ];
    for _ in 0..dice.below(5) {
        let all = RelationType::ALL;
        artifact.related.push(RelatedIdentifier {
            identifier: Identifier::parse(dice.one_of(&IDENTIFIERS)).unwrap(),
            relation: all[dice.below(all.len())],
            artifact_type: maybe(dice).then_some(ArtifactType::Dataset),
        });
    }
    for _ in 0..dice.below(3) {
        let kinds = ReferenceKind::ALL;
        let mut reference = Reference::new(kinds[dice.below(kinds.len())]);
        reference.title = (dice.below(4) > 0).then(|| dice.nasty(4));
        for _ in 0..dice.below(3) {
            reference.authors.push(Author::new(dice.one_of(&NAMES)));
        }
        reference.issued = PartialDate::new(2021, Some(6), None).filter(|_| maybe(dice));
        reference.container_title = maybe(dice).then(|| dice.nasty(3));
        reference.version = maybe(dice).then(|| dice.nasty(2));
        reference.doi = maybe(dice).then(|| Doi::parse(IDENTIFIERS[dice.below(2)]).unwrap());
        reference.url = maybe(dice).then(|| "https://example.org/paper.pdf".into());
        if maybe(dice) {
            let identifier = Identifier::parse(dice.one_of(&IDENTIFIERS)).unwrap();
            reference.identifiers.push(identifier);
        }
        artifact.references.push(reference);
    }
    for _ in 0..dice.below(3) {
        artifact.software.push(Software {
            name: dice.nasty(2),
            version: maybe(dice).then(|| dice.nasty(2)),
            url: maybe(dice).then(|| "https://pytorch.org".into()),
        });
    }
    artifact.hardware = (0..dice.below(3)).map(|_| dice.nasty(2)).collect();
    if maybe(dice) {
        artifact.publisher = Some(dice.nasty(3));
    }
    if maybe(dice) {
        artifact.repository = Some("https://example.org/code/x_y.git".into());
    }
    if maybe(dice) {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        artifact = artifact.with_recorded_times(at(1_700_000_000), at(1_700_100_000));
    }
    for author in &mut artifact.authors {
        if dice.below(4) == 0 {
            author.roles = vec![ContributorRole::Software, ContributorRole::Investigation];
        }
    }
    artifact
}

/// Many artifacts, always the same.
pub(crate) fn hostile_artifacts(count: usize) -> Vec<ResearchArtifact> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count)
        .map(|case| {
            let artifact = hostile(case, &mut dice);
            surrounded(artifact, &mut dice)
        })
        .collect()
}

pub(crate) fn available(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .output()
        .is_ok_and(|output| output.status.success())
}

#[expect(clippy::disallowed_methods, reason = "a scratch folder of a test")]
pub(crate) fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

/// Has a script of `scripts/oracle` judge a folder.
pub(crate) fn judge(script: &str, folder: &Path) {
    let python = env::var("ENTRENAR_PYTHON").unwrap_or_else(|_| "python3".into());
    if !available(&python, "--version") {
        println!("SKIPPED: no Python at {python}; set ENTRENAR_PYTHON");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scripts/oracle")
        .join(script);
    let output = Command::new(&python)
        .arg(script)
        .arg(folder)
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

/// The artifacts of the sessions of the corpus, if it is there.
#[cfg(feature = "ruchy-sessions")]
pub(crate) fn real_artifacts() -> Option<Vec<ResearchArtifact>> {
    use entrenar::bridge::{Limits, read_file};
    use entrenar::ecosystem::session_to_artifact;

    let corpus = env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
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
        return None;
    }
    assert!(artifacts.len() > 50, "{} sessions", artifacts.len());
    Some(artifacts)
}

#[cfg(feature = "ruchy-sessions")]
fn collect_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}
