//! Citations and references on the command line.

use crate::support::two;

#[test]
fn cite_invents_nothing() {
    transcript!(two(), ["cite", "aaaa"]);
    transcript!(
        two(),
        ["cite", "aaaa", "--format", "cff", "--date", "2026-11-22"]
    );
}

const REFS: &str = "\
@inproceedings{hu2022lora, author={Edward J. Hu and Yelong Shen}, title={{LoRA}: Low-Rank Adaptation},
  booktitle={ICLR}, year=2022, eprint={2106.09685}, eprinttype={arxiv}}
@dataset{corpus, author={{The Corpus Team}}, title={The corpus}, publisher={Zenodo}, date={2023-05-01},
  doi={10.5281/zenodo.1003150}}
@book{bad, title={unclosed
";

#[test]
fn references_are_kept_and_cited_through_other_sessions() {
    let home = two();
    home.file("refs.bib", REFS.as_bytes());
    transcript!(home, ["references", "add", "aaaa", "refs.bib"]);
    transcript!(
        home,
        [
            "references",
            "add",
            "aaaa",
            "--session",
            "bbbb",
            "--as",
            "base-model"
        ]
    );
    // a circle
    let back = ["references", "add", "bbbb", "--session", "aaaa"];
    assert_eq!(home.run(&back).code, Some(0));
    let by_doi = "--doi 10.1000/182 --title Doc --author Silva --date 2020-05 --as paper";
    let add = ["references", "add", "bbbb"]
        .into_iter()
        .chain(by_doi.split(' '));
    assert_eq!(home.run(&add.collect::<Vec<_>>()).code, Some(0));
    transcript!(home, ["references", "list", "aaaa"]);
    let json = home.run(&["references", "list", "bbbb", "--json"]).json();
    assert_eq!(json["references"][1]["csl"]["DOI"], "10.1000/182");
    transcript!(home, ["cite", "aaaa", "--upstream"]);
    transcript!(home, ["cite", "aaaa", "--upstream", "--style", "apa"]);
    // the same again replaces; its key stays
    let again = home.run(&["references", "add", "aaaa", "refs.bib", "--key", "corpus"]);
    assert!(again.out().contains("replaced corpus"), "{}", again.out());
    transcript!(home, ["references", "rm", "aaaa", "corpus"]);
    transcript!(home, ["references", "rm", "aaaa", "corpus"]);
    transcript!(home, ["references", "add", "aaaa"]);
    transcript!(
        home,
        ["references", "add", "aaaa", "refs.bib", "--key", "nope"]
    );
    let gone = home.run(&["rm", "--yes", "bbbb"]);
    assert_eq!(gone.code, Some(0));
    let upstream = home.run(&["cite", "aaaa", "--upstream"]);
    assert!(
        upstream.out().contains("LoRA, rank 16"),
        "{}",
        upstream.out()
    );
    assert_eq!(
        home.run(&["references", "rm", "aaaa", "--all"]).code,
        Some(0)
    );
    assert_eq!(home.run(&["cite", "aaaa", "--upstream"]).out(), "");
    assert_eq!(home.run(&["doctor"]).code, Some(0));
}

#[test]
fn a_project_names_its_bibliography() {
    let home = two();
    home.file("refs.bib", REFS.as_bytes());
    home.file("entrenar.toml", b"references = \"refs.bib\"\n");
    let upstream = home.run(&["cite", "aaaa", "--upstream"]);
    assert_eq!(
        upstream.out().matches("\n@").count() + 1,
        2,
        "{}",
        upstream.out()
    );
    assert!(
        upstream.err().contains("refs.bib:5:1"),
        "{}",
        upstream.err()
    );
    let none = home.run(&["cite", "aaaa", "--upstream", "--no-metadata-files"]);
    assert_eq!(none.out(), "");
    home.file("entrenar.toml", b"references = [\"gone.bib\", 7]\n");
    transcript!(home, ["cite", "aaaa", "--upstream"]);
    home.file("entrenar.toml", b"references = [\"gone.bib\"]\n");
    transcript!(home, ["cite", "aaaa", "--upstream"]);
}

#[test]
fn citations_are_formatted() {
    let home = two();
    let date = ["--date", "2026-11-22", "--author", "Ludwig van Beethoven"];
    for style in ["apa", "ieee", "mla"] {
        let args = [&["cite", "aaaa", "--style", style], &date[..]].concat();
        insta::assert_snapshot!(home.transcript(&args));
    }
    let names = home.run(&["cite", "aaaa", "--style", "list"]).out();
    assert!(
        names.lines().count() > 90 && names.contains("\nnature\n"),
        "{names}"
    );
    transcript!(home, ["cite", "aaaa", "--style", "nope"]);
    transcript!(home, ["cite", "aaaa", "--locale", "de"]);
    home.file("x.csl", b"<style/>");
    transcript!(home, ["cite", "aaaa", "--csl", "x.csl"]);
    assert_eq!(
        home.run(&["cite", "aaaa", "--style", "apa", "--format", "cff"])
            .code,
        Some(2)
    );
    assert_eq!(
        home.run(&["cite", "aaaa", "--style", "apa", "--locale", "xx"])
            .code,
        Some(2)
    );
}
