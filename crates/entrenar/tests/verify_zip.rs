//! A zip or bag in which anything was changed does not verify.
#![cfg(feature = "ro-crate")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a panic is how a test fails, and a torn file is no loss to one"
)]

mod verify_support;

use std::fs;
use std::path::Path;

use entrenar::preserve::verify::*;
use entrenar::research::signing::{SecretKey, TrustedComment};
use entrenar::session::Sha256Hash;

use verify_support::{Fixture, problems};

/// Whether it is found that something is wrong.
fn is_found(path: &Path) -> bool {
    !verify(path, &VerifyOptions::default()).is_ok_and(|verified| verified.report.holds())
}

#[test]
fn what_was_written_holds() {
    for (fixture, kind) in [
        (Fixture::zip(), SubjectKind::Zip),
        (Fixture::bag(), SubjectKind::Bag),
        (Fixture::zipped_bag(), SubjectKind::ZippedBag),
    ] {
        let verified = verify(&fixture.path, &VerifyOptions::default()).unwrap();
        let report = verified.report;
        assert_eq!(report.problems, [], "{kind:?}");
        assert_eq!(report.notes, [""; 0]);
        assert_eq!(report.subject, kind);
        assert!(report.events.is_some() && verified.session.is_some());
        assert!(
            report
                .validated
                .iter()
                .any(|path| path.ends_with("ro-crate-metadata.json")),
            "{:?}",
            report.validated
        );
    }
}

/// Places in a zip: all of its headers, directory and end, and every so many in between.
fn places(bytes: &[u8]) -> Vec<usize> {
    let mut places: Vec<_> = (0..bytes.len()).step_by(311).collect();
    for at in 0..bytes.len() {
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(b"PK")) {
            places.extend(at..(at + 64).min(bytes.len()));
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

#[test]
fn every_changed_inserted_or_missing_byte_of_a_zip_is_found() {
    let fixture = Fixture::zip();
    let bytes = fs::read(&fixture.path).unwrap();
    for at in places(&bytes) {
        for change in 0..3 {
            let mut changed = bytes.clone();
            match change {
                0 => changed[at] ^= 1 << (at % 8),
                1 if at % 3 == 0 => changed.insert(at, 0),
                2 if at % 3 == 1 => drop(changed.splice(at..=at, [])),
                _ => continue,
            }
            fs::write(&fixture.path, &changed).unwrap();
            assert!(is_found(&fixture.path), "byte {at}, change {change}");
        }
    }
    for end in [b"x".as_slice(), &[0; 22]] {
        let longer = [bytes.as_slice(), end].concat();
        fs::write(&fixture.path, longer).unwrap();
        assert!(is_found(&fixture.path));
    }
    fs::write(&fixture.path, &bytes).unwrap();
    assert!(!is_found(&fixture.path));
}

type Files = Vec<(String, Vec<u8>)>;

/// The files of a zip, as its own program would write them again.
fn zipped_again(path: &Path, order: impl Fn(&mut Files)) {
    use std::io::{Cursor, Read as _, Write as _};
    use zip::write::SimpleFileOptions;

    let bytes = fs::read(path).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files: Files = (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect();
    order(&mut files);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    for (name, bytes) in files {
        writer.start_file(name, options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    fs::write(path, writer.finish().unwrap().into_inner()).unwrap();
}

#[test]
fn files_of_a_zip_that_come_go_and_move_are_found() {
    let kinds = |order: &dyn Fn(&mut Files)| {
        let fixture = Fixture::zip();
        zipped_again(&fixture.path, order);
        problems(&fixture.path)
    };
    assert_eq!(kinds(&|_| {}), [""; 0]);
    assert_eq!(kinds(&|files| files.swap(0, 1)), ["layout CITATION.cff"]);
    let found = kinds(&|files| drop(files.remove(0)));
    assert!(
        found.contains(&"missing CITATION.cff".to_owned()),
        "{found:?}"
    );
    let found = kinds(&|files| files.push(("z.txt".into(), b"x".to_vec())));
    assert!(found.contains(&"added z.txt".to_owned()), "{found:?}");
    let found = kinds(&|files| {
        if let Some(file) = files.first_mut() {
            file.0 = "CITATION.txt".into();
        }
    });
    assert!(
        found.contains(&"renamed CITATION.txt".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_changed_byte_of_a_bag_is_found() {
    let fixture = Fixture::bag();
    for file in fixture.files() {
        let path = fixture.path.join(&file);
        let bytes = fs::read(&path).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 2;
            fs::write(&path, &changed).unwrap();
            let found = problems(&fixture.path);
            assert!(!found.is_empty(), "{file}, byte {at}");
        }
        fs::write(&path, &bytes).unwrap();
    }
    fs::write(fixture.path.join("extra.txt"), "x").unwrap();
    assert_eq!(problems(&fixture.path), ["added extra.txt"]);
}

#[test]
fn a_signature_beside_a_zip_is_of_its_bytes() {
    let fixture = Fixture::zip();
    let key = SecretKey::generate().unwrap();
    let bytes = fs::read(&fixture.path).unwrap();
    let comment = TrustedComment::of_file("artifact.zip", Sha256Hash::of(&bytes).as_bytes());
    let signature = key
        .sign(bytes.as_slice(), comment.unwrap())
        .unwrap()
        .to_text();
    fs::write(fixture.path.with_extension("zip.minisig"), signature).unwrap();
    let options = VerifyOptions {
        public_keys: vec![key.public_key()],
        ..VerifyOptions::default()
    };
    let report = verify(&fixture.path, &options).unwrap().report;
    assert_eq!(report.problems, []);
    zipped_again(&fixture.path, |files| files.swap(1, 2));
    let report = verify(&fixture.path, &options).unwrap().report;
    assert!(
        report
            .problems
            .iter()
            .any(|problem| problem.kind == ProblemKind::Signature),
        "{:?}",
        report.problems
    );
}
