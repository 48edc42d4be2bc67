//! Readers of bibliographies: what is read, what is told, and what is refused.

#![cfg(feature = "citations")]
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use entrenar::research::read::{self, Bibliography, ReadError, ReadLimits};
use entrenar::research::{AuthorKind, IdentifierScheme, Reference, ReferenceKind, UsedAs};

fn bib(text: &str) -> Bibliography {
    read::biblatex(text.as_bytes(), ReadLimits::default()).unwrap()
}

fn told(read: &Bibliography) -> Vec<String> {
    read.problems.iter().map(ToString::to_string).collect()
}

fn keys(read: &Bibliography) -> Vec<&str> {
    let keys = read.references.iter();
    keys.map(|reference| reference.key.as_deref().unwrap())
        .collect()
}

const LORA: &str = r#"
@string{iclr = "International Conference on Learning Representations"}
% a comment with an @article{ in it
@inproceedings{hu2022lora,
  author    = {Hu, Edward J. and Yelong Shen and {Microsoft Corporation} and others},
  title     = {{LoRA}: Low-Rank Adaptation of \emph{Large} Language Models},
  booktitle = iclr # { (ICLR)},
  year      = 2022,
  month     = apr,
  pages     = {1--13},
  eprint    = {2106.09685},
  archiveprefix = {arXiv},
  url       = {https://openreview.net/forum?id=nZeVKeeFYf9&x=a--b},
  x-rank    = {oral}
}
@phdthesis{godel31, author={Kurt G{\"o}del}, title={\"Uber S\"atze}, school={Wien}, year={1931}}
"#;

#[test]
fn a_bib_file_is_read() {
    let read = bib(LORA);
    assert_eq!(told(&read), Vec::<String>::new());
    let [lora, godel] = read.references.as_slice() else {
        panic!("{}", read.references.len())
    };
    insta::assert_json_snapshot!("lora", lora.to_csl_json("hu2022lora"));
    assert_eq!(lora.kind, ReferenceKind::ConferencePaper);
    assert_eq!(lora.authors[2].kind(), AuthorKind::Organisation);
    assert_eq!(lora.identifiers[0].scheme(), IdentifierScheme::ArXiv);
    assert_eq!(godel.authors[0].family(), "Gödel");
    assert_eq!(godel.title.as_deref(), Some("Über Sätze"));
    assert_eq!(godel.genre.as_deref(), Some("PhD thesis"));
}

#[test]
fn one_bad_entry_loses_no_other() {
    let text = "@book{a, title={A}}\n\
                @book{b, title={unclosed { brace}\n}\n\
                @book{c, title={C}, year}\n\
                @book(d, title=\"D (1)\")\n\
                @book{e, title = {E}}}\n\
                @book{a, title={again}}\n\
                @book{f, title = nobody # { knows}, year = {soon}, doi = {10.1/x}}\n\
                mail me @home\n\
                @book{g, title = {G \\badly{, date = {2012-13-01}}\n\
                @book{h, title={H}}\n";
    let read = bib(text);
    assert_eq!(keys(&read), ["a", "d", "e", "f", "h"]);
    insta::assert_snapshot!(told(&read).join("\n"));
    assert_eq!(read.references[1].title.as_deref(), Some("D (1)"));
    assert_eq!(read.references[3].extra["year"], "soon");
    assert_eq!(read.references[3].extra["doi"], "10.1/x");
}

#[test]
fn parents_are_followed_and_circles_told() {
    let text = "@inproceedings{child, title={T}, crossref={VOL}, xdata={place}}\n\
                @proceedings{vol, title={Proc}, booktitle={B}, year=2020, editor={E, D}, crossref={series}}\n\
                @mvproceedings{series, title={All Proc}}\n\
                @xdata{place, location={Bern}}\n\
                @book{x, crossref={y}}\n\
                @book{y, title={Y}, crossref={x}}\n\
                @book{z, crossref={nowhere}}\n";
    let read = bib(text);
    let child = &read.references[0];
    assert_eq!(child.container_title.as_deref(), Some("Proc"));
    assert_eq!(child.issued.unwrap().to_string(), "2020");
    assert_eq!(child.editors[0].family(), "E");
    assert_eq!(child.publisher_place.as_deref(), Some("Bern"));
    assert_eq!(keys(&read), ["child", "vol", "series", "x", "y", "z"]);
    insta::assert_snapshot!(told(&read).join("\n"));
}

#[test]
fn hostile_bib_files_end() {
    let deep = format!(
        "@book{{a, title={}x{}}}",
        "{".repeat(1 << 16),
        "}".repeat(1 << 16)
    );
    assert_eq!(bib(&deep).references.len(), 0);
    let commands = format!(
        "@book{{a, title={{{}x{}}}}}",
        "\\a{".repeat(60),
        "}".repeat(60)
    );
    assert_eq!(bib(&commands).references.len(), 1);
    let mut doubling = "@string{a0 = \"0123456789\"}\n".to_owned();
    for n in 1..64 {
        let line = format!("@string{{a{n} = a{} # a{}}}\n", n - 1, n - 1);
        doubling.push_str(&line);
    }
    doubling.push_str("@book{b, title = a63}\n");
    let read = bib(&doubling);
    assert!(
        told(&read)[0].contains("longer than 1 MiB"),
        "{:?}",
        told(&read)[0]
    );
    let many = "@book{a,}\n".repeat(20_001);
    let refused = read::biblatex(many.as_bytes(), ReadLimits::default());
    assert_eq!(refused, Err(ReadError::TooManyEntries { limit: 20_000 }));
    assert!(matches!(
        read::biblatex(b"@book{\xff}", ReadLimits::default()),
        Err(ReadError::NotUtf8 { at: 6 })
    ));
}

const CFF: &str = r#"cff-version: 1.2.0
message: Please cite this.
title: "Ruchy: notes"
version: 1.10
date-released: 2024-05-01
doi: 10.5281/zenodo.1003150
license: [MIT, Apache-2.0]
keywords: [a, b]
authors:
  - family-names: Beethoven
    given-names: Ludwig
    name-particle: van
    orcid: https://orcid.org/0000-0002-1825-0097
    affiliation: Bonn
  - name: The Research Software project
    website: https://example.org
identifiers:
  - type: swh
    value: swh:1:dir:d198bc9d7a6bcf6db04f476d29314f157507d505
    description: the folder
preferred-citation:
  type: conference-paper
  title: A paper
  authors: [{family-names: Doe, given-names: Jane}]
  collection-title: Proceedings of X
  year: 2023
  start: 1
  end: 9
references:
  - type: data
    title: The data
    authors: [{name: NIST}]
    doi: 10.1000/182
"#;

#[test]
fn a_citation_file_is_read_whole() {
    let cff = read::cff(CFF.as_bytes(), ReadLimits::default()).unwrap();
    assert_eq!(cff.problems, []);
    assert_eq!(cff.version.as_deref(), Some("1.10"));
    assert_eq!(cff.license.as_ref().unwrap().as_str(), "MIT OR Apache-2.0");
    assert_eq!(cff.authors[0].family(), "van Beethoven");
    assert_eq!(cff.authors[0].affiliations[0].name, "Bonn");
    assert_eq!(cff.authors[1].kind(), AuthorKind::Organisation);
    assert_eq!(cff.extra["authors[1].website"], "https://example.org");
    let own = cff.reference();
    assert_eq!(own.kind, ReferenceKind::Software);
    assert_eq!(own.identifiers[0].scheme(), IdentifierScheme::Swhid);
    let all = cff.into_bibliography().references;
    assert_eq!(all[0].container_title.as_deref(), Some("Proceedings of X"));
    assert_eq!(all[0].pages.as_deref(), Some("1-9"));
    assert_eq!(all[1].use_or_kind(), UsedAs::Dataset);
}

#[test]
fn all_that_is_wrong_with_a_citation_file_is_told_with_its_place() {
    let text = "cff-version: 9\ntitle: [a]\nauthors:\n  - given-names: X\n    orcid: 0000-0002-1825-0098\n  \
                - {}\n  - Jane Doe\ndate-released: 2024-02-30\ndoi: zenodo\nlicense: MY-OWN\ntype: book\n\
                colour: red\nidentifiers: [{type: doi, value: x}, {type: hum, value: y}]\nkeywords: word\n\
                references: [{type: zine, year: MM}]\n";
    let cff = read::cff(text.as_bytes(), ReadLimits::default()).unwrap();
    let told: Vec<String> = cff.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(cff.extra["colour"], "red");
    assert_eq!(cff.keywords, ["word"]);
}

#[test]
fn hostile_citation_files_are_refused() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    let deep = "[".repeat(100_000);
    for text in [
        bomb,
        &deep,
        "a: 1\na: 2\n",
        "- a\n",
        "",
        "a: 1\n---\nb: 2\n",
        "a: [",
        "{[a]: b}",
    ] {
        let error = read::cff(text.as_bytes(), ReadLimits::default()).unwrap_err();
        let ReadError::Syntax(problem) = error else {
            panic!("{error}")
        };
        assert!(problem.line.is_some(), "{problem}");
    }
    let aliased = read::cff(bomb.as_bytes(), ReadLimits::default()).unwrap_err();
    assert_eq!(
        aliased.to_string(),
        "2:8: an alias; anchors and aliases are refused"
    );
}

#[test]
fn csl_json_reads_back_what_is_written() {
    for text in [
        LORA,
        "@book{k, author={van Beethoven, Jr., Ludwig}, date={2001-02~/2003}, translator={X}}",
    ] {
        for reference in bib(text).references {
            let written = reference.to_csl_json("k");
            let bytes = serde_json::to_vec(&written).unwrap();
            let read = read::csl_json(&bytes, ReadLimits::default()).unwrap();
            assert_eq!(read.problems, []);
            assert_eq!(read.references[0].to_csl_json("k"), written);
        }
    }
}

#[test]
fn odd_csl_json_is_read_and_told() {
    let text = r#"[
      {"id": 1, "type": "article-journal", "title": ["Only"], "author": [
          {"family": "Fontaine", "given": "Jean", "dropping-particle": "de", "non-dropping-particle": "la"},
          {"literal": "CERN"}, "Plato", {}, {"given": "Madonna", "ORCID": "http://orcid.org/0000-0002-1825-0097"}],
       "issued": {"date-parts": [["2012", 2, "30"]]}, "accessed": {"raw": "2020-01-02"}, "ISSN": ["0317-8471"],
       "DOI": "nope", "translator": [{"family": "T"}], "score": {"a": [1]}},
      {"id": 1, "type": "book"}, 7, {}, {"type": "zine", "issued": {"date-parts": [[2001], [2003]], "circa": true}},
      {"type": "book", "issued": {"date-parts": [[0]]}}
    ]"#;
    let read = read::csl_json(text.as_bytes(), ReadLimits::default()).unwrap();
    insta::assert_snapshot!(told(&read).join("\n"));
    let written: Vec<_> = read
        .references
        .iter()
        .map(|it| it.to_csl_json("k"))
        .collect();
    insta::assert_json_snapshot!(written);
    for (bad, line) in [("[{", 1), ("[{]", 1), ("7", 0)] {
        let error = read::csl_json(bad.as_bytes(), ReadLimits::default()).unwrap_err();
        let ReadError::Syntax(problem) = error else {
            panic!("{error}")
        };
        assert_eq!(problem.line.unwrap_or_default(), line, "{problem}");
    }
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    assert!(read::csl_json(deep.as_bytes(), ReadLimits::default()).is_err());
}

#[test]
fn the_format_is_found() {
    let read = |name: &str, text: &str| {
        read::bibliography(name, text.as_bytes(), ReadLimits::default())
            .map(|read| read.references.iter().map(Reference::use_or_kind).count())
    };
    assert_eq!(read("x.bib", "@book{a,}"), Ok(1));
    assert_eq!(read("x", "\n@book{a,}"), Ok(1));
    assert_eq!(read("CITATION.cff", CFF), Ok(2));
    assert_eq!(read("-", CFF), Ok(2));
    assert_eq!(read("-", "[]"), Ok(0));
    assert_eq!(read("-", "hello"), Err(ReadError::UnknownFormat));
}
