//! Formatted citations: the named styles, CSL files, and what must not happen.

#![cfg(feature = "citations")]
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::fmt::Write as _;

use chrono::NaiveDate;
use entrenar::research::read::{self, ReadLimits};
use entrenar::research::style::{CitationStyle, StyleError, TextFormat};
use entrenar::research::{ArtifactType, Author, Doi, Reference, ReferenceKind, ResearchArtifact};

const STYLES: [&str; 7] = [
    "apa",
    "ieee",
    "chicago-author-date",
    "chicago-notes",
    "mla",
    "vancouver",
    "nature",
];

fn works() -> Vec<Reference> {
    let text = r"
@article{cajal, author={{Ram{\'o}n y Cajal}, Santiago and van Beethoven, Ludwig}, title={On the structure of neurons},
  journal={Journal of Anatomy}, volume=3, number=2, pages={10--19}, year=1888, doi={10.1000/182}}
@inproceedings{lora, author={Hu, Edward J. and Shen, Yelong and {Microsoft Research}}, title={LoRA: Low-rank adaptation},
  booktitle={Proceedings of ICLR}, year=2022, url={https://openreview.net/forum?id=x}}
@dataset{corpus, author={{The Corpus Team}}, title={The corpus}, version={2.1}, publisher={Zenodo}, date={2023-05-01}}
@software{nobody, title={A tool without author or date}, version={1.0}}";
    read::biblatex(text.as_bytes(), ReadLimits::default())
        .unwrap()
        .references
}

fn session() -> ResearchArtifact {
    ResearchArtifact::new("s-1", "Rank 64 & <rank> 8", ArtifactType::Notebook)
        .with_author(Author::new("Ada Lovelace"))
        .with_version("1.0.0+steps200")
        .with_doi(Doi::parse("10.5281/zenodo.1003150").unwrap())
        .with_release_date(NaiveDate::from_ymd_opt(2026, 11, 22).unwrap())
}

#[test]
fn the_named_styles() {
    let mut out = String::new();
    let mut works = works();
    works.push(Reference::from(&session()));
    for name in STYLES {
        let style = CitationStyle::named(name).unwrap();
        writeln!(out, "== {name}: {}", style.title()).unwrap();
        out += &style.bibliography(&works, None, TextFormat::Plain).unwrap();
        let in_text = style.in_text(&works[..2], None, TextFormat::Plain).unwrap();
        writeln!(out, "in text: {}", in_text.trim_end()).unwrap();
    }
    insta::assert_snapshot!(out);
}

#[test]
fn html_and_markdown_are_escaped() {
    let style = CitationStyle::named("ieee").unwrap();
    let evil = Reference::new(ReferenceKind::Article)
        .with_title("<script>alert(\"1\")</script> *a* [b](javascript:x)")
        .with_author(Author::new("O'Neil & <b>Sons</b>"));
    let works = [Reference::from(&session()), evil];
    let html = style.bibliography(&works, None, TextFormat::Html).unwrap();
    assert!(
        !html.contains("<script") && !html.contains("<b>Sons"),
        "{html}"
    );
    let markdown = style
        .bibliography(&works, None, TextFormat::Markdown)
        .unwrap();
    insta::assert_snapshot!(format!("{html}\n{markdown}"));
}

#[test]
fn locales_are_found_by_language() {
    let style = CitationStyle::named("apa").unwrap();
    let works = works();
    let german = |name| style.bibliography(&works[3..], Some(name), TextFormat::Plain);
    assert_eq!(german("de").unwrap(), german("de-DE").unwrap());
    assert!(
        german("de").unwrap().contains("o.\u{a0}J."),
        "{:?}",
        german("de")
    );
    assert_eq!(
        german("tlh"),
        Err(StyleError::UnknownLocale { name: "tlh".into() })
    );
    assert!(CitationStyle::locales().contains(&"en-US".to_owned()));
}

fn csl(citation: &str, macros: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0">
        <info><title>T</title><id>t</id><updated>2020-01-01T00:00:00Z</updated></info>{macros}
        <citation><layout>{citation}</layout></citation></style>"#
    )
}

#[test]
fn any_csl_file_is_a_style() {
    let own = csl(r#"<text variable="title" suffix="!"/>"#, "");
    let style = CitationStyle::from_csl(&own).unwrap();
    let text = style
        .bibliography(&works()[..1], None, TextFormat::Plain)
        .unwrap();
    assert_eq!(text, "On the structure of neurons!\n");
}

#[test]
fn what_is_no_style_is_refused() {
    let circle = r#"<macro name="a"><text macro="b"/></macro><macro name="b"><group><text macro="a"/></group></macro>"#;
    let mut doubling = String::new();
    for n in 0..60 {
        let next = n + 1;
        write!(
            doubling,
            r#"<macro name="m{n}"><text macro="m{next}"/><text macro="m{next}"/></macro>"#
        )
        .unwrap();
    }
    let deep = format!("{}{}", "<group>".repeat(5000), "</group>".repeat(5000));
    let cases = [
        csl(r#"<text macro="a"/>"#, circle),
        csl(r#"<text macro="m0"/>"#, &doubling),
        csl(&deep, ""),
        "<style/>".to_owned(),
        String::new(),
        "<html><body>no</body></html>".to_owned(),
    ];
    for xml in &cases {
        let error = CitationStyle::from_csl(xml).unwrap_err();
        assert!(matches!(error, StyleError::InvalidStyle { .. }), "{error}");
    }
    let dependent = r#"<?xml version="1.0"?><style xmlns="http://purl.org/net/xbiblio/csl" version="1.0"><info>
        <title>Journal of X</title><id>x</id><link href="http://www.zotero.org/styles/apa" rel="independent-parent"/>
        <updated>2020-01-01T00:00:00Z</updated></info></style>"#;
    let error = CitationStyle::from_csl(dependent).unwrap_err();
    let StyleError::Dependent { archived, .. } = error else {
        panic!("{error}")
    };
    assert!(CitationStyle::named(archived.unwrap()).is_ok());
    assert!(CitationStyle::named("nope").is_err());
    for name in CitationStyle::names() {
        assert!(CitationStyle::named(name).is_ok(), "{name}");
    }
}

#[test]
fn styles_that_leave_out_an_author_are_known() {
    let works = works();
    let mut without = Vec::new();
    for name in CitationStyle::names() {
        let style = CitationStyle::named(name).unwrap();
        let text = style
            .bibliography(&works[..1], None, TextFormat::Plain)
            .unwrap();
        if !text.to_lowercase().contains("cajal") {
            without.push(name);
        }
    }
    assert!(
        STYLES.iter().all(|name| !without.contains(name)),
        "{without:?}"
    );
    insta::assert_debug_snapshot!(without);
}
