//! The preregistration that a session's crate links: whether it holds, and whether it is older
//! than the session.

use chrono::{DateTime, Utc};

use crate::research::preregistration::{Checks, FILE_NAME, Preregistration, Problem, Stamp};
use crate::research::signing::timestamp::TrustAnchors;
use crate::session::EntrenarSession;

use super::super::report::ProblemKind;
use super::{Files, Findings, cause};

pub(super) fn check(
    files: &Files,
    session: Option<&EntrenarSession>,
    authorities: Option<&TrustAnchors>,
    found: &mut Findings<'_>,
) {
    let Some(bytes) = files.bytes(FILE_NAME) else {
        return;
    };
    found.validated(FILE_NAME);
    let public = match Preregistration::parse(bytes) {
        Ok(public) => public,
        Err(error) => return found.problem(ProblemKind::Format, FILE_NAME, "", cause(&error)),
    };
    let report = public.verify(&Checks::default());
    for problem in &report.problems {
        let kind = match problem {
            Problem::Signature(_) | Problem::NotSigned => ProblemKind::Signature,
            Problem::Timestamp(_) | Problem::NotStamped => ProblemKind::Timestamp,
            _ => ProblemKind::Disagrees,
        };
        found.problem(kind, FILE_NAME, "", problem.to_string());
    }
    let Stamp::Claimed(time) = report.stamp else {
        let text = "no timestamp proves when it was written";
        return found
            .notes
            .push(format!("{}{FILE_NAME}: {text}", found.prefix));
    };
    // It need not be stamped by the authority that stamped the folder.
    let proven = authorities.is_some_and(|anchors| {
        let checks = Checks {
            anchors: Some(anchors),
            ..Checks::default()
        };
        matches!(public.verify(&checks).stamp, Stamp::Proven(_))
    });
    let note = sentence(
        time,
        proven,
        session.and_then(EntrenarSession::recorded_start),
    );
    found
        .notes
        .push(format!("{}{FILE_NAME}: {note}", found.prefix));
}

fn sentence(time: DateTime<Utc>, proven: bool, began: Option<DateTime<Utc>>) -> String {
    let time_text = time.format("%Y-%m-%d %H:%M:%S UTC");
    let order = match began {
        Some(began) if time <= began => "before the session began",
        Some(_) => "after the session began",
        None => "the session does not say when it began",
    };
    let by = if proven {
        "by an authority that you trust"
    } else {
        "by an authority that was not checked"
    };
    format!("stamped {time_text}, {order}, {by}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::research::preregistration::{Plan, REQUIRED, Section};
    use crate::research::signing::SecretKey;

    fn findings(json: &str) -> (Vec<String>, Vec<String>) {
        let mut files = Files::default();
        files.add(FILE_NAME, None, 0, Some(json.as_bytes().to_vec()));
        let mut found = Findings {
            prefix: "data/",
            problems: Vec::new(),
            validated: Vec::new(),
            notes: Vec::new(),
        };
        check(&files, None, None, &mut found);
        assert_eq!(found.validated, ["data/preregistration.json"]);
        let problems = found.problems.iter().map(|problem| {
            format!(
                "{}: {}: {}",
                problem.kind.as_str(),
                problem.file,
                problem.message
            )
        });
        (problems.collect(), found.notes)
    }

    #[test]
    fn an_edited_plan_is_found_in_a_folder() {
        let sections = REQUIRED.map(|name| Section {
            name: name.into(),
            text: format!("the {name}"),
        });
        let plan = Plan::new(sections.to_vec()).unwrap();
        let (mut public, private) = Preregistration::commit(&plan).unwrap();
        public.sign(&SecretKey::generate().unwrap()).unwrap();
        public.open(&private, &[]).unwrap();
        let json = String::from_utf8(public.to_json()).unwrap();
        let unstamped = "data/preregistration.json: no timestamp proves when it was written";
        assert_eq!(findings(&json), (vec![], vec![unstamped.to_owned()]));
        let (problems, _) = findings(&json.replace("the method", "a method"));
        assert_eq!(
            problems,
            [
                "disagrees: data/preregistration.json: the text of section \"method\" is not the one \
              that was committed to: it was edited"
            ]
        );
        let (problems, _) = findings(&json.replace("whole ", "part "));
        assert!(
            problems[0].starts_with("format: data/preregistration.json: "),
            "{problems:?}"
        );
        let (problems, _) = findings(&String::from_utf8(private.to_json()).unwrap());
        assert!(problems[0].contains("private opening"), "{problems:?}");
    }

    #[test]
    fn what_is_known_of_the_time_is_said() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!(
            sentence(at(1_000_000_000), true, Some(at(1_000_000_001))),
            "stamped 2001-09-09 01:46:40 UTC, before the session began, by an authority that you trust"
        );
        assert!(
            sentence(at(5), false, Some(at(4)))
                .contains("after the session began, by an authority that was not")
        );
        assert!(sentence(at(5), false, None).contains("does not say"));
    }
}
