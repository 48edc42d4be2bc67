//! Sessions made up for validation: the same for the same number, on any machine.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests"
)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entrenar::preserve::PreserveOptions;
use entrenar::research::metadata::{ArtifactMetadata, MetadataOrigin, MetadataSource};
use entrenar::research::{
    Affiliation, Author, Funding, Identifier, Language, License, RelatedIdentifier, RelationType,
    Software, Subject,
};
use entrenar::session::*;
use serde_json::json;

/// A session with what is stated about it and the document that it was read from.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) session: EntrenarSession,
    pub(crate) source: Option<Vec<u8>>,
    pub(crate) options: PreserveOptions,
    /// Whether every fact that a validator could ask for is there.
    pub(crate) is_complete: bool,
}

/// Text that breaks formats.
const HOSTILE: [&str; 58] = [
    "",
    " ",
    "\t\n ",
    "a",
    "{",
    "}}{",
    "\\",
    "\\input{/etc/passwd}",
    "\"",
    "'",
    "`rm -rf /`",
    "@article{x,",
    "% comment",
    "# heading",
    " # not a comment",
    "---",
    "...",
    "- item",
    "? key",
    ": value",
    "key: value",
    "!!python/object:os.system",
    "&anchor *alias",
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "]]>",
    "<!-- -->",
    "&amp;&lt;",
    "{{ template }}",
    "${jndi:ldap://x}",
    "'; DROP TABLE sessions; --",
    "a\0b",
    "\u{1b}[31mred\u{1b}[0m",
    "bell\u{7}",
    "line\nbreak\r\nand\rmore",
    "tab\there",
    "\u{85}\u{2028}\u{2029}",
    "\u{feff}mark",
    "\u{fffe}\u{ffff}",
    "\u{200b}\u{202e}backwards",
    "e\u{301}",
    "ﬁ ligature",
    "日本語の題",
    "한국어",
    "עברית עם English",
    "العربية",
    "😀👩\u{200d}🔬",
    "\u{10ffff}",
    "null",
    "true",
    "1e3",
    "0123",
    "2024-01-01",
    "NaN",
    "a, b; c and d",
    "100 % of $x^2$ ~ 3_4 & more",
    "file with spaces#and%20percent?.csv",
    "../../../etc/passwd",
];

const TITLES: [&str; 6] = [
    "Rank 64 against rank 8",
    "Fine-tuning on a small corpus",
    "Does warm-up matter?",
    "A study of learning rates",
    "Überanpassung bei kleinen Daten",
    "过拟合的研究",
];

const NAMES: [&str; 12] = [
    "Ada Lovelace",
    "Ludwig van Beethoven",
    "Müller, Jürgen",
    "山田 太郎",
    "The HF Team and Friends",
    "researcher@university.edu",
    "O\"Neil, {Sean}",
    "others",
    "Sammy Davis, Jr.",
    "x",
    "and",
    "<b>Bob</b> & \\Co",
];

const FILE_NAMES: [&str; 12] = [
    "training.ipynb",
    "my notebook #3 (50%).ipynb",
    "Übung – Lösung.ipynb",
    "日本語.replay",
    "a?b&c=d;e.ipynb",
    "..",
    "CON.ipynb",
    "-rf.ipynb",
    ".hidden",
    "very\nodd\tname.ipynb",
    "a\\b/c:d.ipynb",
    "e\u{301}.ipynb",
];

const METRICS: [&str; 9] = [
    "loss",
    "accuracy",
    "lr",
    "val/loss",
    "f1 (macro)",
    "perplexity, ppl",
    "grad_norm",
    "損失",
    "a\"b\"",
];

/// Iterates over `count` sessions; number 0 is the plainest and most complete one.
pub(crate) fn sessions(count: u64) -> impl Iterator<Item = Generated> {
    (0..count).map(generate)
}

/// Session number `number`.
pub(crate) fn generate(number: u64) -> Generated {
    let mut rng = Rng::new(number);
    let is_complete = number.is_multiple_of(4);
    let is_bare = number % 4 == 1;
    let is_hostile = !is_complete && !is_bare && rng.chance(60);

    let mut session = EntrenarSession::empty(id(&mut rng, is_hostile), "");
    session.name = match (is_complete, is_bare) {
        (true, _) => (*rng.pick(&TITLES)).to_owned(),
        (_, true) => String::new(),
        _ => rng.text(is_hostile),
    };
    if !is_bare {
        describe(&mut rng, &mut session, is_complete, is_hostile);
    }
    if is_complete || rng.chance(70) {
        cells(&mut rng, &mut session, is_hostile);
    }
    if is_complete || rng.chance(70) {
        let runs = match number % 250 {
            8 => 3_000,
            _ if is_complete => 1 + rng.below(3),
            _ => rng.below(4),
        };
        training(&mut rng, &mut session, runs, is_complete, is_hostile);
    }
    let source = rng
        .chance(60)
        .then(|| source(&mut rng, &mut session, is_complete));
    let options = if is_complete {
        complete_options(&mut rng)
    } else if is_bare {
        PreserveOptions::default()
    } else {
        some_options(&mut rng, is_hostile)
    };
    Generated {
        session,
        source,
        options,
        is_complete,
    }
}

fn id(rng: &mut Rng, is_hostile: bool) -> String {
    if is_hostile && rng.chance(30) {
        rng.text(true)
    } else {
        format!("{:016x}", rng.next())
    }
}

fn moment(rng: &mut Rng) -> DateTime<Utc> {
    let seconds = 1_600_000_000 + i64::try_from(rng.below(200_000_000)).unwrap();
    let nanos = [0, 500_000_000, 123_456_000, 1][rng.index(4)];
    DateTime::from_timestamp(seconds, nanos).unwrap()
}

fn describe(rng: &mut Rng, session: &mut EntrenarSession, is_complete: bool, is_hostile: bool) {
    if is_complete || rng.chance(50) {
        session.user = Some(if is_complete {
            "Ada Lovelace".to_owned()
        } else if is_hostile {
            rng.text(true)
        } else {
            (*rng.pick(&NAMES)).into()
        });
        session.architecture = Some(rng.text(is_hostile));
        session.dataset = Some(rng.text(is_hostile));
    }
    for _ in 0..rng.below(4) {
        let tag = rng.text(is_hostile);
        session.add_tag(tag);
    }
    for _ in 0..rng.below(5) {
        let (name, value) = (rng.text(is_hostile), rng.text(is_hostile));
        session.config.insert(name, value);
    }
    if rng.chance(30) {
        session.notes = Some(rng.text(is_hostile));
    }
    if is_complete || rng.chance(60) {
        let began = moment(rng);
        session.started_at = Some(began);
        let lasted = TimeDelta::seconds(i64::try_from(rng.below(100_000)).unwrap());
        session.ended_at = (is_complete || rng.chance(70)).then(|| began + lasted);
    }
    if is_hostile {
        match rng.below(12) {
            0 => session.started_at = Some(DateTime::<Utc>::MIN_UTC),
            1 => session.ended_at = Some(DateTime::<Utc>::MAX_UTC),
            2 => std::mem::swap(&mut session.started_at, &mut session.ended_at),
            3 => {
                for field in ["name", "started_at", "ended_at", "cells.timestamp"] {
                    session
                        .derived
                        .insert(field.into(), "the file's name".into());
                }
            }
            _ => {}
        }
    }
    if is_complete || rng.chance(40) {
        session.document.metadata = json!({
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "version": "3.11.7"},
        })
        .as_object()
        .unwrap()
        .clone();
    }
}

fn cells(rng: &mut Rng, session: &mut EntrenarSession, is_hostile: bool) {
    let begin = session.started_at.unwrap_or_else(|| moment(rng));
    for order in 1..=rng.below(6) {
        let text = rng.text(is_hostile);
        let fails = rng.chance(15);
        let message = rng.text(is_hostile);
        let mut outputs = vec![output::stream("stdout", text.clone())];
        if rng.chance(20) {
            let stream = rng.text(is_hostile);
            outputs.push(output::stream("stderr", stream));
        }
        if fails {
            outputs.push(output::error(
                "ValueError",
                &message,
                std::slice::from_ref(&message),
            ));
        }
        let seconds = i64::try_from(order).unwrap();
        let cell = CodeCell {
            execution_order: u32::try_from(order).unwrap(),
            source: format!("print({text:?})"),
            output: Some(text),
            timestamp: begin
                .checked_add_signed(TimeDelta::seconds(seconds))
                .unwrap_or(begin),
            duration_ms: rng.chance(50).then(|| rng.below(100_000)),
        };
        let record = CellRecord {
            id: rng.chance(50).then(|| format!("cell-{order}")),
            execution_count: Some(seconds),
            outputs,
            error: fails.then(|| CellError {
                name: "ValueError".into(),
                message,
                traceback: Vec::new(),
            }),
            time_source: if rng.chance(70) {
                TimeSource::Recorded
            } else {
                TimeSource::Derived
            },
            ..CellRecord::default()
        };
        session.add_recorded_cell(cell, record);
    }
}

fn training(
    rng: &mut Rng,
    session: &mut EntrenarSession,
    runs: u64,
    is_complete: bool,
    is_hostile: bool,
) {
    let cells = u32::try_from(session.code_history.len()).unwrap();
    for _ in 0..runs {
        let began = session.started_at.filter(|_| is_complete || rng.chance(50));
        let first_cell = (cells > 0 && rng.chance(50))
            .then(|| u32::try_from(rng.index(cells as usize)).unwrap());
        let name = rng.chance(50).then(|| rng.text(is_hostile));
        let config = [("lr", "0.001"), ("batch size", "32"), ("seed", "7")];
        session.runs.push(TrainingRun {
            name,
            config: config
                .into_iter()
                .filter(|_| rng.chance(60))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            first_cell,
            last_cell: first_cell,
            started_at: began,
            ended_at: session.ended_at.filter(|_| is_complete || rng.chance(50)),
            status: [RunStatus::Finished, RunStatus::Failed, RunStatus::Unknown][rng.index(3)],
        });
    }
    let mut keys: Vec<Option<u32>> = (0..u32::try_from(runs).unwrap()).map(Some).collect();
    keys.push(None);
    for run in keys {
        let count = if runs > 100 {
            1
        } else {
            rng.below(3) + u64::from(run.is_some())
        };
        for _ in 0..count {
            let name = if is_hostile && rng.chance(30) {
                rng.text(true)
            } else {
                (*rng.pick(&METRICS)).to_owned()
            };
            let rank = rng.chance(10).then_some(3);
            let mut series = Series::new(SeriesKey { name, run, rank });
            for step in 0..rng.below(12) {
                series.push(point(rng, step, is_hostile));
            }
            session.metrics.insert(series);
        }
    }
}

fn point(rng: &mut Rng, step: u64, is_hostile: bool) -> Point {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let value = match rng.below(20) {
        0 => f64::NAN,
        1 if is_hostile => f64::INFINITY,
        2 if is_hostile => f64::NEG_INFINITY,
        3 => -0.0,
        4 => f64::MIN_POSITIVE / 2.0,
        5 => f64::MAX,
        _ => 1.0 / (rng.below(1_000) + 1) as f64,
    };
    let mut step = i64::try_from(step).ok();
    let mut time_us = rng.chance(30).then(|| moment(rng).timestamp_micros());
    if is_hostile {
        match rng.below(20) {
            0 => step = Some(i64::MAX),
            1 => step = Some(i64::MIN),
            2 => step = None,
            3 => time_us = Some(i64::MAX),
            4 => time_us = Some(i64::MIN),
            _ => {}
        }
    }
    Point {
        value,
        step,
        epoch: rng.chance(30).then_some(0.25),
        time_us,
        origin: None,
    }
}

fn source(rng: &mut Rng, session: &mut EntrenarSession, is_complete: bool) -> Vec<u8> {
    let bytes = rng.text(true).repeat(3).into_bytes();
    session.source = Some(SourceInfo {
        name: rng.chance(90).then(|| (*rng.pick(&FILE_NAMES)).to_owned()),
        // A recording by Ruchy does not say by which version.
        format: match is_complete || rng.chance(50) {
            true => SourceFormat::Jupyter,
            false => SourceFormat::RuchyReplay,
        },
        sha256: Sha256Hash::of(&bytes),
        size: u64::try_from(bytes.len()).unwrap(),
    });
    bytes
}

fn complete_options(rng: &mut Rng) -> PreserveOptions {
    let place = Affiliation::new("California Digital Library")
        .with_ror("https://ror.org/03yrm5c26")
        .unwrap();
    let mut authors = vec![
        Author::new("Ada Lovelace")
            .with_orcid("0000-0002-1825-0097")
            .unwrap()
            .with_affiliation(place.clone()),
    ];
    if rng.chance(50) {
        let second = Author::new("Ludwig van Beethoven")
            .with_orcid("0000-0001-5109-3700")
            .unwrap();
        authors.push(second.with_affiliation(place));
    }
    PreserveOptions {
        authors,
        title: None,
        license: Some(
            [License::MIT, License::CC_BY_4_0, License::APACHE_2_0][rng.index(3)].clone(),
        ),
        date: NaiveDate::from_ymd_opt(2026, 11, 22),
        metadata: vec![MetadataSource::new(
            MetadataOrigin::Edited,
            context(false, "plain"),
        )],
        ..PreserveOptions::default()
    }
}

fn some_options(rng: &mut Rng, is_hostile: bool) -> PreserveOptions {
    let license = rng.chance(50).then(|| {
        let expression = *rng.pick(&[
            "MIT",
            "MIT OR Apache-2.0",
            "GPL-3.0-only AND MIT",
            "LicenseRef-mine",
        ]);
        License::parse(expression).unwrap()
    });
    let authors = (0..rng.below(3))
        .map(|_| {
            let name = if is_hostile {
                rng.text(true)
            } else {
                (*rng.pick(&NAMES)).to_owned()
            };
            let mut author = Author::new(name);
            if rng.chance(30) {
                author = author.with_orcid("0000-0002-1694-233X").unwrap();
            }
            if rng.chance(30) {
                author = author.with_affiliation(Affiliation::new(rng.text(is_hostile)));
            }
            author
        })
        .collect();
    PreserveOptions {
        authors,
        title: rng.chance(30).then(|| rng.text(is_hostile)),
        license,
        date: rng.chance(60).then(|| {
            let year = 2020 + i32::try_from(rng.index(7)).unwrap();
            NaiveDate::from_ymd_opt(year, 2, 28).unwrap()
        }),
        metadata: if rng.chance(50) {
            let text = rng.text(is_hostile);
            vec![MetadataSource::new(
                MetadataOrigin::Edited,
                context(is_hostile, &text),
            )]
        } else {
            Vec::new()
        },
        ..PreserveOptions::default()
    }
}

/// What surrounds a session: money, subjects, related works, software.
fn context(is_hostile: bool, text: &str) -> ArtifactMetadata {
    let words = |plain: &str| {
        if is_hostile {
            text.to_owned()
        } else {
            plain.to_owned()
        }
    };
    let funding = Funding::new(words("European Research Council"))
        .with_ror("https://ror.org/0472cxd90")
        .unwrap()
        .with_award_number(words("101020"))
        .with_award_title(words("Learning to learn"))
        .with_award_url("https://example.org/grants/101020?x=1&y=2")
        .unwrap();
    let related = [
        ("10.1000/xyz123", RelationType::IsSupplementTo),
        ("https://arxiv.org/abs/2106.09685", RelationType::Cites),
        (
            "https://example.org/data?a=b&c=d",
            RelationType::IsDerivedFrom,
        ),
    ];
    ArtifactMetadata {
        abstract_text: Some(words("We compare two ranks.\n\nThe larger one is better.")),
        keywords: Some(vec![words("fine-tuning"), words("LoRA"), words("LoRA")]),
        subjects: Some(vec![Subject {
            term: words("Machine learning"),
            scheme: Some(words("LCSH")),
            uri: Some("https://id.loc.gov/authorities/subjects/sh85079324".into()),
        }]),
        language: Some(Language::parse("en-GB").unwrap()),
        url: Some("https://example.org/runs/64".into()),
        repository: Some("https://example.org/code.git".into()),
        publisher: Some(words("California Digital Library")),
        funding: Some(vec![funding]),
        related: Some(
            related
                .into_iter()
                .map(|(id, relation)| RelatedIdentifier {
                    identifier: Identifier::parse(id).unwrap(),
                    relation,
                    artifact_type: None,
                })
                .collect(),
        ),
        software: Some(vec![Software {
            name: words("PyTorch"),
            version: Some(words("2.9.1")),
            url: Some("https://pytorch.org".into()),
        }]),
        hardware: Some(vec![words("NVIDIA A100 80GB")]),
        ..ArtifactMetadata::default()
    }
}

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap())).unwrap()
    }

    fn chance(&mut self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// A few words; of hostile text if asked for.
    fn text(&mut self, is_hostile: bool) -> String {
        if !is_hostile {
            return (*self.pick(&[
                "llama-2-7b",
                "alpaca-clean",
                "baseline",
                "run of Tuesday",
                "größer",
                "v2",
            ]))
            .to_owned();
        }
        let words: Vec<&str> = (0..=self.below(3)).map(|_| *self.pick(&HOSTILE)).collect();
        words.join([" ", ""][self.index(2)])
    }
}
