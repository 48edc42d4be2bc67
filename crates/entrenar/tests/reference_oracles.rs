//! Bibliographies and formatted citations judged by the programs of the field: pybtex, cffconvert
//! and citeproc-js (in citation-js). `scripts/oracle/check_references.py` does the comparing.
//!
//! The bibliographies are the test files of the crates `biblatex` 0.12 and `hayagriva` 0.10, which lie
//! where cargo unpacked them, and the ones below.
//!
//! * `ENTRENAR_PYTHON`: the Python that has pybtex and cffconvert (default `python3`)
//! * `ENTRENAR_CITATION_JS`: a folder with `node_modules/citation-js` (optional)

#![cfg(feature = "citations")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of a test; its folder is removed"
)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use entrenar::research::read::{self, ReadLimits};
use entrenar::research::style::{CitationStyle, TextFormat};
use serde_json::{Value, json};

const CFF: &str = "cff-version: 1.2.0\nmessage: Cite this.\ntitle: 'The tool: a test'\nversion: '1.10'\n\
    date-released: 2024-05-01\ndoi: 10.5281/zenodo.1003150\nauthors:\n  - family-names: Beethoven\n    \
    given-names: Ludwig\n    name-particle: van\n  - name: The Research Software project\n  \
    - family-names: Müller\n    given-names: Jürgen\n    orcid: https://orcid.org/0000-0002-1825-0097\n";

const STYLED: &str = r"
@article{cajal1888, author={Cajal, Santiago and Beethoven, Ludwig}, title={On the structure of neurons},
  journal={Journal of Anatomy}, volume=3, number=2, pages={10--19}, year=1888, doi={10.1000/182}}
@inproceedings{hu2022, author={Hu, Edward J. and Shen, Yelong and Wallis, Phillip}, title={LoRA: Low-rank adaptation},
  booktitle={Proceedings of ICLR}, publisher={OpenReview}, year=2022, url={https://openreview.net/forum?id=x}}
@book{knuth, author={Knuth, Donald E.}, title={The art of computer programming}, publisher={Addison-Wesley}, year=1968, edition=2}
@dataset{corpus, author={{The Corpus Team}}, title={The corpus}, version={2.1}, publisher={Zenodo}, date={2023-05-01}, doi={10.5281/zenodo.1003150}}
@software{tool, author={Silva, Ana}, title={A tool}, version={1.0}}
@misc{nobody, title={A text without author}, year=2001}";

/// Folders of a crate's sources, unpacked by cargo.
fn unpacked(name: &str) -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))?;
    let registries = fs::read_dir(home.join("registry/src")).ok()?;
    registries
        .filter_map(|entry| Some(entry.ok()?.path().join(name)))
        .find(|path| path.is_dir())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let read = read::bibliography(name, bytes, ReadLimits::default()).unwrap();
    let items: Vec<Value> = read
        .references
        .iter()
        .map(|reference| reference.to_csl_json(reference.key.as_deref().unwrap_or("work")))
        .collect();
    fs::write(folder.join(name), bytes).unwrap();
    let json = serde_json::to_vec_pretty(&items).unwrap();
    fs::write(folder.join(format!("{name}.json")), json).unwrap();
}

#[test]
fn programs_of_the_field_read_and_write_the_same() {
    let python = env::var("ENTRENAR_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_modules = Command::new(&python)
        .args(["-c", "import pybtex, cffconvert"])
        .output();
    if !has_modules.is_ok_and(|done| done.status.success()) {
        println!("SKIPPED: {python} has no pybtex and cffconvert (see ENTRENAR_PYTHON)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (package, tests) in [
        ("biblatex-0.12.0", "tests"),
        ("hayagriva-0.10.1", "tests/data"),
    ] {
        let Some(found) = unpacked(package) else {
            println!("SKIPPED: cargo has not unpacked {package}");
            continue;
        };
        for file in fs::read_dir(found.join(tests)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|end| end == "bib") {
                let name = path.file_name().unwrap().to_str().unwrap();
                write(folder, name, &fs::read(&path).unwrap());
            }
        }
    }
    write(folder, "styled.bib", STYLED.as_bytes());
    write(folder, "CITATION.cff", CFF.as_bytes());

    let mut arguments = vec![folder.as_os_str().to_owned()];
    match env::var_os("ENTRENAR_CITATION_JS") {
        Some(modules) => arguments.push(modules),
        None => println!("SKIPPED: citeproc-js (see ENTRENAR_CITATION_JS)"),
    }
    let styled = read::biblatex(STYLED.as_bytes(), ReadLimits::default()).unwrap();
    let cases: Vec<Value> = styled
        .references
        .iter()
        .map(|reference| {
            let text = |style: &str| {
                let style = CitationStyle::named(style).unwrap();
                let works = std::slice::from_ref(reference);
                style.bibliography(works, None, TextFormat::Plain).unwrap()
            };
            json!({
                "csl": reference.to_csl_json(reference.key.as_deref().unwrap()),
                "apa": text("apa"),
                "vancouver": text("vancouver"),
            })
        })
        .collect();
    fs::write(
        folder.join("styles.json"),
        serde_json::to_vec(&cases).unwrap(),
    )
    .unwrap();

    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/oracle/check_references.py");
    let done = Command::new(&python)
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    println!("{told}{}", String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success());
    let different: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("DIFFERENT"))
        .filter(|line| !EXPLAINED.iter().any(|(part, _)| line.contains(part)))
        .collect();
    assert!(different.is_empty(), "{different:#?}");
}

/// Differences that are meant, and why.
const EXPLAINED: [(&str, &str); 6] = [
    (
        "comments.bib",
        "pybtex reads entries behind %, as BibTeX does and Biber does not",
    ),
    (
        "incorrect_syntax.bib conigliocorbalan",
        "its entry does not parse",
    ),
    (
        "rass.bib shinjuku",
        "the comparison takes the letter off a command without a space",
    ),
    (
        ": vancouver: ",
        "citation-js has the NLM's style, the archive Springer's of the same family",
    ),
    (
        "corpus: apa",
        "citation-js has an older APA style: (2.1) [Data set]",
    ),
    ("tool: apa", "citation-js has an older APA style: (1.0)"),
];
