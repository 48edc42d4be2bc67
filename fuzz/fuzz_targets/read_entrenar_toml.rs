#![no_main]
//! `entrenar.toml`: whatever it holds, it is read or refused with places, and what was read can be
//! shown for an edit, changed and read again.

use entrenar::research::metadata::{
    self, MetadataField, MetadataOrigin, MetadataSource, TomlScope, read_toml, set_in_toml,
};
use entrenar::research::{ArtifactType, ResearchArtifact};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for scope in [TomlScope::Project, TomlScope::User] {
        if let Err(error) = read_toml("t", bytes, scope) {
            assert!(!error.problems.is_empty() && !error.to_string().is_empty());
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let changes = [
        (MetadataField::License, vec!["MIT".to_owned()]),
        (MetadataField::Keywords, Vec::new()),
    ];
    let changed = set_in_toml(text, &changes);
    let Ok(read) = read_toml("t", bytes, TomlScope::Session) else {
        return;
    };
    if let Ok(changed) = changed {
        let again = read_toml("t", changed.as_bytes(), TomlScope::Session)
            .expect("a changed text is right");
        assert_eq!(again.license.expect("it was set").as_str(), "MIT");
        assert_eq!((again.title, again.keywords), (read.title.clone(), None));
    }
    let session = ResearchArtifact::new("s", "S", ArtifactType::Notebook);
    let described = metadata::merge(
        session,
        &[MetadataSource::new(MetadataOrigin::Edited, read.clone())],
    );
    let shown = metadata::template(text, &described);
    let kept = metadata::without_hints(&shown, &shown);
    if !text.starts_with('\u{feff}') {
        assert_eq!(
            read_toml("t", kept.as_bytes(), TomlScope::Session),
            Ok(read.clone())
        );
    }
    // All that is stated, written as hints, says the same.
    let all: String = metadata::template("", &described)
        .lines()
        .filter_map(|line| line.strip_prefix("#: "))
        .filter(|line| line.contains(" = "))
        .map(|line| format!("{line}\n"))
        .collect();
    read_toml("t", all.as_bytes(), TomlScope::Session).expect("the hints are right");
});
