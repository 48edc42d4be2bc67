//! Artifacts of generated sessions, hostile ones among them, verify as they were written.
#![cfg(feature = "ro-crate")]

#[expect(dead_code, reason = "another test uses all of it")]
mod generated;

use entrenar::preserve::verify::{Problem, VerifyOptions, verify};
use entrenar::preserve::{self, Parts};
use entrenar::session::SessionChain;

#[test]
fn whatever_was_written_holds() {
    let folder = tempfile::tempdir().unwrap();
    for (number, made) in generated::sessions(150).enumerate() {
        let chain = SessionChain::of_import(&made.session);
        let artifact = preserve::describe(&made.session, &made.options);
        let parts = Parts {
            source: made.source.as_deref(),
            chain: Some(&chain),
            ..Parts::default()
        };
        let built = preserve::build(&made.session, &artifact, &parts).unwrap();
        let path = folder.path().join(number.to_string());
        preserve::write(&built, &path, false).unwrap();
        let report = verify(&path, &VerifyOptions::default()).unwrap().report;
        let told = |problem: &Problem| {
            let Problem {
                file,
                place,
                message,
                ..
            } = problem;
            format!("{file}, {place}: {message}")
        };
        let problems: Vec<_> = report.problems.iter().map(told).collect();
        assert_eq!(problems, [""; 0], "session {number}: {:?}", artifact.title);
        std::fs::remove_dir_all(&path).unwrap();
    }
}
