//! Anonymous crates of notebooks that others published.
#![cfg(feature = "ro-crate")]

mod jupyter_support;

use entrenar::ecosystem::session_to_artifact;
use entrenar::preserve::anonymous::{AnonymousOptions, anonymise};
use entrenar::preserve::{self, Parts};
use regex::Regex;

use jupyter_support::{corpus_notebooks, read};

#[test]
fn no_public_notebook_tells_who_made_it() {
    let homes = Regex::new(r"(?:/home/|/Users/|[A-Z]:\\+Users\\+)([\w.-]+)").unwrap();
    let addresses = Regex::new(r"[\w.%+-]+@[\w-]+\.(?:com|org|edu|net|de)\b[^(]").unwrap();
    for path in corpus_notebooks() {
        let session = read(std::fs::read(&path).unwrap());
        let Ok(artifact) = session_to_artifact(&session) else {
            continue;
        };
        let made = anonymise(&session, &artifact, &AnonymousOptions::default());
        let folder = preserve::build(&made.session, &made.artifact, &Parts::default()).unwrap();
        assert_eq!(made.leaks(&folder).unwrap(), [], "{}", path.display());
        for (name, bytes) in folder.complete().unwrap() {
            let text = String::from_utf8_lossy(&bytes);
            for home in homes.captures_iter(&text) {
                let user = home.get(1).unwrap().as_str();
                assert!(user.starts_with("user"), "{user} in {name} of {path:?}");
            }
            for address in addresses.find_iter(&text).map(|found| found.as_str()) {
                let is_nobody = address.contains("@example.") || address.contains("@anonymous.");
                assert!(is_nobody, "{address} in {name} of {path:?}");
            }
        }
    }
}
