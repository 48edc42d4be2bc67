//! Deposits at an archive that runs inside the test.
#![cfg(feature = "deposit")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod deposit_support;
mod fake_archive;

use std::time::Duration;

use deposit_support::{
    InFolder, NoWait, StopAfter, config, connection, is_refused, live, new_state,
};
use entrenar::research::archive::{
    Access, ArchiveApi, ArchiveError, DepositFailure, DepositState, Goal, MemoryLog, Step, Terms,
    Unwatched,
};
use entrenar::research::{
    ArchiveDeposit, ArtifactType, Author, License, ResearchArtifact, ZenodoApi,
};
use fake_archive::http::Response;
use fake_archive::proxy::{Fault, Proxy};
use fake_archive::{Behaviour, FakeArchive, Parts, TOKEN};

const APIS: [ZenodoApi; 2] = [ZenodoApi::Records, ZenodoApi::Legacy];

/// A deposit without faults, up to `goal`.
fn deposit(
    fake: &FakeArchive,
    api: ZenodoApi,
    goal: Goal,
    change: impl FnOnce(&mut DepositState, &mut InFolder),
) -> (DepositState, Result<(), DepositFailure>, InFolder) {
    let folder = tempfile::tempdir().unwrap();
    let mut contents = InFolder::new(folder.path(), &[("crate.zip", 30_000), ("notes.txt", 5)]);
    let mut state = new_state(&fake.url());
    change(&mut state, &mut contents);
    let done = live(
        &config(&fake.url(), api),
        &mut state,
        goal,
        &mut MemoryLog::default(),
        &mut contents,
        &mut Unwatched,
        &NoWait::default(),
    );
    (state, done, contents)
}

#[test]
fn a_deposit_is_one_published_record_with_its_doi_inside() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour::default());
        let (state, done, contents) = deposit(&fake, api, Goal::Published, |_, _| ());
        done.unwrap();
        assert_eq!(state.step, Step::Done);
        assert!(contents.cleared);
        let inside = fake.inside();
        let [record] = inside.published()[..] else {
            panic!("{inside:?}")
        };
        assert!(inside.drafts().is_empty());
        assert_eq!(record.doi, state.doi);
        assert_eq!(record.files.len(), 3);
        let readme = record.files["README.md"].content.clone().unwrap();
        let readme = String::from_utf8(readme).unwrap();
        assert!(readme.contains(state.doi.as_deref().unwrap()), "{readme}");
        assert_eq!(record.files["crate.zip"].size, 30_000);
        // The mark by which a draft is found again is not in the record.
        assert!(
            !record.body.to_string().contains("entrenar-deposit"),
            "{}",
            record.body
        );
        assert_eq!(inside.taken_twice(), Vec::<&(String, String, u64)>::new());
        assert!(state.url.unwrap().contains("/records/"));
    }
}

#[test]
fn a_draft_stays_a_draft_and_is_published_later() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour::default());
        let (mut state, done, mut contents) = deposit(&fake, api, Goal::Draft, |_, _| ());
        done.unwrap();
        assert_eq!(state.step, Step::Uploaded);
        assert_eq!(fake.counts(), (0, 1));
        let bytes = fake.inside().content_bytes;
        contents.folder = "/nowhere".into();
        live(
            &config(&fake.url(), api),
            &mut state,
            Goal::Published,
            &mut MemoryLog::default(),
            &mut contents,
            &mut Unwatched,
            &NoWait::default(),
        )
        .unwrap();
        assert_eq!(fake.counts(), (1, 0));
        assert_eq!(fake.inside().content_bytes, bytes);
    }
}

#[test]
fn large_files_go_in_parts_where_the_archive_takes_them() {
    for (parts, numbers) in [
        (Parts::Taken, vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (Parts::RefusedLate, vec![0]),
        (Parts::RefusedEarly, vec![0]),
    ] {
        let fake = FakeArchive::start(Behaviour {
            parts,
            ..Behaviour::default()
        });
        deposit(&fake, ZenodoApi::Records, Goal::Published, |_, _| ())
            .1
            .unwrap();
        let inside = fake.inside();
        let of_crate = inside
            .taken
            .keys()
            .filter(|(_, name, _)| name == "crate.zip");
        let found: Vec<u64> = of_crate.map(|(_, _, part)| *part).collect();
        assert_eq!(found, numbers, "{parts:?}");
        assert_eq!(inside.published()[0].files["crate.zip"].size, 30_000);
    }
}

#[test]
fn parts_that_arrived_are_not_sent_again() {
    let fake = FakeArchive::start(Behaviour::default());
    let folder = tempfile::tempdir().unwrap();
    let mut contents = InFolder::new(folder.path(), &[("crate.zip", 30_000)]);
    let mut state = new_state(&fake.url());
    let config = config(&fake.url(), ZenodoApi::Records);
    let timer = NoWait::default();
    let mut log = MemoryLog::default();
    let mut go = |state: &mut DepositState, watch: &mut dyn entrenar::research::archive::Watch| {
        live(
            &config,
            state,
            Goal::Published,
            &mut log,
            &mut contents,
            watch,
            &timer,
        )
    };
    let stopped = go(&mut state, &mut StopAfter(15_000)).unwrap_err();
    assert!(
        matches!(stopped, DepositFailure::Archive(ArchiveError::Interrupted)),
        "{stopped:?}"
    );
    assert_eq!(state.files[1].parts, [1, 2, 3]);
    go(&mut state, &mut Unwatched).unwrap();
    assert_eq!(
        fake.inside().taken_twice(),
        Vec::<&(String, String, u64)>::new()
    );
    assert_eq!(fake.inside().published().len(), 1);
}

#[test]
fn bytes_that_were_damaged_on_their_way_are_sent_again() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour {
            damaged: 2,
            ..Behaviour::default()
        });
        let (_, done, _) = deposit(&fake, api, Goal::Published, |_, contents| {
            contents.sizes.truncate(0);
        });
        done.unwrap();
        let fake = FakeArchive::start(Behaviour {
            damaged: 9,
            ..Behaviour::default()
        });
        let (state, done, _) = deposit(&fake, api, Goal::Published, |_, _| ());
        let error = done.unwrap_err();
        assert!(
            matches!(&error, DepositFailure::Archive(ArchiveError::Checksum { name, .. }) if name == "README.md"),
            "{error:?}"
        );
        assert_eq!(state.step, Step::Described);
        assert!(fake.inside().published().is_empty());
    }
}

#[test]
fn terms_and_a_community_reach_the_record() {
    let fake = FakeArchive::start(Behaviour::default());
    let (_, done, _) = deposit(&fake, ZenodoApi::Records, Goal::Published, |state, _| {
        state.terms = Terms {
            access: Access::Restricted,
            embargo: chrono::NaiveDate::from_ymd_opt(2027, 1, 31),
            community: Some("ml".into()),
        };
    });
    done.unwrap();
    let inside = fake.inside();
    let record = inside.published()[0];
    let access = &record.body["access"];
    assert_eq!(access["files"], "restricted");
    assert_eq!(access["embargo"]["until"], "2027-01-31");
    assert_eq!(record.communities, ["uuid-ml"]);
}

#[test]
fn a_community_that_is_not_there_leaves_a_published_record() {
    let fake = FakeArchive::start(Behaviour::default());
    let (state, done, _) = deposit(&fake, ZenodoApi::Records, Goal::Published, |state, _| {
        state.terms.community = Some("no-such-thing".into());
    });
    assert!(matches!(
        done.unwrap_err(),
        DepositFailure::Archive(ArchiveError::NotFound { .. })
    ));
    assert_eq!(state.step, Step::Published);
}

#[test]
fn a_new_version_is_one_more_record_of_the_same_work() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour::default());
        let (first, done, _) = deposit(&fake, api, Goal::Published, |_, _| ());
        done.unwrap();
        let of = first.draft.unwrap().id;
        let (second, done, _) = deposit(&fake, api, Goal::Published, |state, contents| {
            state.new_version_of = Some(of.clone());
            contents.sizes.pop();
        });
        done.unwrap();
        let inside = fake.inside();
        assert_eq!(inside.published().len(), 2);
        let parent = &inside.records[&of].parent;
        assert!(inside.published().iter().all(|one| one.parent == *parent));
        let new = &inside.records[&second.draft.unwrap().id];
        // A file of the old version that is not in the new one is not kept.
        let names: Vec<&String> = new.files.keys().collect();
        assert_eq!(names, ["README.md", "crate.zip"], "{api:?}");
        assert_ne!(first.doi, second.doi);
    }
}

#[test]
fn a_draft_can_be_discarded_and_a_record_cannot() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour::default());
        let (mut state, done, mut contents) = deposit(&fake, api, Goal::Draft, |_, _| ());
        done.unwrap();
        let timer = NoWait::default();
        let archive = config(&fake.url(), api)
            .connect(&connection(&timer))
            .unwrap();
        let mut log = MemoryLog::default();
        let mut depositor = entrenar::research::archive::Depositor {
            archive: &*archive,
            log: &mut log,
            contents: &mut contents,
            watch: &mut Unwatched,
            timer: &timer,
        };
        depositor.discard(&mut state).unwrap();
        assert_eq!(state.step, Step::Discarded);
        assert!(fake.inside().records.is_empty());
        depositor.discard(&mut state).unwrap();
        let (mut state, done, _) = deposit(&fake, api, Goal::Published, |_, _| ());
        done.unwrap();
        let refused = depositor.discard(&mut state).unwrap_err();
        assert!(
            matches!(refused, DepositFailure::IsPublished),
            "{refused:?}"
        );
    }
}

#[test]
fn what_the_archive_refuses_is_told_at_once_and_corrected() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour::default());
        let folder = tempfile::tempdir().unwrap();
        let mut contents = InFolder::new(folder.path(), &[]);
        contents.artifact.release_date = None;
        contents.artifact.created_at = None;
        contents.artifact.title = "x".into();
        contents.artifact.authors.clear();
        let mut state = new_state(&fake.url());
        let config = config(&fake.url(), api);
        let timer = NoWait::default();
        let mut log = MemoryLog::default();
        let mut go = |state: &mut DepositState, contents: &mut InFolder| {
            live(
                &config,
                state,
                Goal::Published,
                &mut log,
                contents,
                &mut Unwatched,
                &timer,
            )
        };
        let refused = is_refused(&go(&mut state, &mut contents).unwrap_err());
        match api {
            ZenodoApi::Legacy => {
                assert_eq!(refused, ["authors: Missing data for required field."]);
            }
            _ => assert_eq!(
                refused,
                [
                    "title: Shorter than minimum length 3.",
                    "date: Missing data for required field.",
                    "authors: Missing data for required field.",
                ]
            ),
        }
        assert_eq!(state.step, Step::DoiReserved);
        assert!(state.stopped.is_some());
        contents.artifact = deposit_support::artifact();
        go(&mut state, &mut contents).unwrap();
        assert_eq!(fake.counts(), (1, 0));
        assert_eq!(state.stopped, None);
    }
}

#[test]
fn an_unknown_licence_is_found_though_the_archive_names_no_field() {
    use entrenar::research::archive::Refusal;
    let mut refusals = vec![Refusal {
        field: None,
        path: String::new(),
        message: "Invalid value nope.".into(),
    }];
    let sent = serde_json::json!({ "metadata": { "rights": [{ "id": "nope" }] } });
    entrenar::research::archive::refusal::locate(&mut refusals, &sent);
    assert_eq!(refusals[0].field.as_deref(), Some("license"));
}

/// The failure of a deposit where every answer is that one.
fn always(status: u16, media: &'static str, body: &str) -> (DepositState, ArchiveError) {
    let fake = FakeArchive::start(Behaviour {
        always: Some((status, media, body.as_bytes().to_vec())),
        ..Behaviour::default()
    });
    let (state, done, _) = deposit(&fake, ZenodoApi::Auto, Goal::Published, |_, _| ());
    match done.unwrap_err() {
        DepositFailure::Archive(error) => (state, error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_archive_is_told_as_such() {
    let html = "<html><body>Welcome</body></html>";
    for (status, media, body, expected) in [
        (200, "text/html", html, "a web page (HTML) instead of JSON"),
        (
            200,
            "application/json",
            "{\"hits\": {\"hi",
            "JSON that is cut off or damaged",
        ),
        (
            200,
            "application/json",
            "{}",
            "its list of records has no records",
        ),
        (404, "text/html", html, "neither /api/user/records"),
        (500, "text/html", html, "failed with status 500"),
        (
            418,
            "text/plain",
            "teapot",
            "status 418, text/plain instead of JSON",
        ),
    ] {
        let (state, error) = always(status, media, body);
        let text = error.to_string();
        assert!(text.contains(expected), "{status} {body}: {text}");
        assert_eq!(state.step, Step::Planned);
    }
}

#[test]
fn a_token_that_is_wrong_or_lacks_a_scope_is_told_as_such() {
    let fake = FakeArchive::start(Behaviour {
        no_scope: true,
        ..Behaviour::default()
    });
    let (state, done, _) = deposit(&fake, ZenodoApi::Auto, Goal::Draft, |_, _| ());
    let error = done.unwrap_err();
    assert!(
        matches!(
            &error,
            DepositFailure::Archive(ArchiveError::Forbidden { status: 403, .. })
        ),
        "{error:?}"
    );
    assert_eq!(state.step, Step::CreatingDraft);
    let wrong = entrenar::research::ZenodoConfig::new("another").with_base_url(fake.url());
    let error = wrong.connect(&connection(&NoWait::default())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("refuses the access token (status 403)"),
        "{error}"
    );
}

#[test]
fn a_redirect_to_another_host_is_not_followed_and_gets_no_token() {
    let elsewhere = FakeArchive::start(Behaviour::default());
    let to = elsewhere.url();
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{to}/api/user/records?secret=1");
        let trap = fake_archive::http::Listening::start(0, move |mut stream| {
            let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
            let request = fake_archive::http::read_request(&mut reader, &mut stream);
            if request.is_ok_and(|request| request.is_some()) {
                let answer = Response::empty(status).with("Location", to.clone());
                drop(answer.write(&mut stream));
            }
        })
        .unwrap();
        let config = config(&trap.url(), ZenodoApi::Auto);
        let error = config.connect(&connection(&NoWait::default())).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("redirects to http://127.0.0.1:"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(elsewhere.inside().seen.is_empty());
}

#[test]
fn a_doi_of_another_prefix_stops_the_deposit() {
    let fake = FakeArchive::start(Behaviour {
        prefix: "10.9999".into(),
        ..Behaviour::default()
    });
    let (state, done, _) = deposit(&fake, ZenodoApi::Records, Goal::Published, |state, _| {
        state.doi_prefix = Some("10.5072".into());
    });
    let text = done.unwrap_err().to_string();
    assert!(text.contains("whose prefix is not 10.5072"), "{text}");
    assert_eq!(state.step, Step::DraftCreated);
    // Another one in the published record than in the files.
    let fake = FakeArchive::start(Behaviour {
        published_prefix: Some("10.9999".into()),
        ..Behaviour::default()
    });
    let (state, done, _) = deposit(&fake, ZenodoApi::Records, Goal::Published, |_, _| ());
    let text = done.unwrap_err().to_string();
    assert!(text.contains("but reserved 10.5072/"), "{text}");
    assert_eq!(state.step, Step::Published);
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_noticed() {
    /// Appends to, cuts or rewrites a file at the first byte that is sent of it.
    #[derive(Debug)]
    struct Meddler(std::path::PathBuf, &'static [u8], bool);
    impl entrenar::research::archive::Watch for Meddler {
        fn sent(&mut self, _bytes: u64) -> std::ops::ControlFlow<()> {
            if !self.2 && self.0.exists() {
                self.2 = true;
                entrenar::files::write_atomic(&self.0, self.1).unwrap();
                let file = std::fs::File::options().append(true).open(&self.0).unwrap();
                drop(file);
            }
            std::ops::ControlFlow::Continue(())
        }
    }
    for api in APIS {
        let fake = FakeArchive::start(Behaviour::default());
        let folder = tempfile::tempdir().unwrap();
        let mut contents = InFolder::new(folder.path(), &[("data.bin", 9_000)]);
        let mut state = new_state(&fake.url());
        // README.md goes first, so that data.bin changes before its turn.
        let mut meddler = Meddler(folder.path().join("data.bin"), b"short", false);
        let mut log = MemoryLog::default();
        let (config, timer) = (config(&fake.url(), api), NoWait::default());
        let done = live(
            &config,
            &mut state,
            Goal::Published,
            &mut log,
            &mut contents,
            &mut meddler,
            &timer,
        );
        let error = done.unwrap_err();
        assert!(
            matches!(&error, DepositFailure::Archive(ArchiveError::FileChanged { path }) if path.ends_with("data.bin")),
            "{error:?}"
        );
        assert!(fake.inside().published().is_empty());
        // The files are made anew, and the deposit goes on.
        live(
            &config,
            &mut state,
            Goal::Published,
            &mut log,
            &mut contents,
            &mut Unwatched,
            &timer,
        )
        .unwrap();
        assert_eq!(fake.inside().published()[0].files["data.bin"].size, 9_000);
    }
}

#[test]
fn too_large_is_told_with_the_name_of_the_file() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour {
            quota: 1_000,
            parts: Parts::RefusedEarly,
            ..Behaviour::default()
        });
        let (state, done, _) = deposit(&fake, api, Goal::Published, |_, _| ());
        let text = done.unwrap_err().to_string();
        assert!(text.contains("refuses the file crate.zip"), "{text}");
        assert_eq!(state.step, Step::Described);
    }
}

#[test]
fn rates_are_obeyed_and_nothing_is_waited_for_without_need() {
    let fake = FakeArchive::start(Behaviour::default());
    let mut given = 0;
    let proxy = Proxy::start(
        &fake.url(),
        Box::new(move |number, _| {
            (number % 4 == 1 && given < 6).then(|| {
                given += 1;
                Fault::Status(429)
            })
        }),
    );
    let folder = tempfile::tempdir().unwrap();
    let mut contents = InFolder::new(folder.path(), &[]);
    let timer = NoWait::default();
    let mut state = new_state(&proxy.url());
    live(
        &config(&proxy.url(), ZenodoApi::Records),
        &mut state,
        Goal::Published,
        &mut MemoryLog::default(),
        &mut contents,
        &mut Unwatched,
        &timer,
    )
    .unwrap();
    // Retry-After is on every answer; only a 429 makes wait.
    assert_eq!(
        timer.slept(),
        vec![Duration::from_secs(3); timer.slept().len()]
    );
    assert!(timer.slept().len() >= 3, "{:?}", timer.slept());
}

#[test]
fn a_wait_without_end_is_an_error() {
    let fake = FakeArchive::start(Behaviour::default());
    let proxy = Proxy::start(&fake.url(), Box::new(|_, _| Some(Fault::Status(429))));
    let config = config(&proxy.url(), ZenodoApi::Auto);
    let timer = NoWait::default();
    let error = config.connect(&connection(&timer)).unwrap_err();
    assert!(error.to_string().contains("asks to wait 3 s"), "{error}");
    let total: Duration = timer.slept().iter().sum();
    assert!(total <= Duration::from_secs(15 * 60), "{total:?}");
}

#[test]
fn a_draft_of_which_the_answer_was_lost_is_found_though_the_index_is_late() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour {
            search_lag: 2,
            ..Behaviour::default()
        });
        let proxy = Proxy::start(
            &fake.url(),
            Box::new(|_, request| {
                let creates = request.method == "POST"
                    && ["/api/records", "/api/deposit/depositions"].contains(&request.path());
                creates.then_some(Fault::LoseReply)
            }),
        );
        let folder = tempfile::tempdir().unwrap();
        let mut contents = InFolder::new(folder.path(), &[]);
        let mut state = new_state(&proxy.url());
        live(
            &config(&proxy.url(), api),
            &mut state,
            Goal::Published,
            &mut MemoryLog::default(),
            &mut contents,
            &mut Unwatched,
            &NoWait::default(),
        )
        .unwrap();
        assert_eq!(fake.counts(), (1, 0));
    }
}

#[test]
fn a_publication_that_takes_its_time_is_waited_for() {
    let fake = FakeArchive::start(Behaviour {
        slow_publication: 3,
        ..Behaviour::default()
    });
    let (state, done, _) = deposit(&fake, ZenodoApi::Records, Goal::Published, |_, _| ());
    done.unwrap();
    assert_eq!(state.step, Step::Done);
    assert_eq!(fake.inside().published().len(), 1);
}

#[test]
fn an_archive_without_reservation_gives_its_doi_in_the_end() {
    let fake = FakeArchive::start(Behaviour {
        no_reservation: true,
        ..Behaviour::default()
    });
    let (state, done, _) = deposit(&fake, ZenodoApi::Records, Goal::Published, |_, _| ());
    done.unwrap();
    assert_eq!(state.doi, fake.inside().published()[0].doi);
}

#[test]
fn the_older_api_is_used_where_there_is_no_other() {
    for (records_api, legacy_api, expected) in [
        (true, true, Some(ArchiveApi::Records)),
        (true, false, Some(ArchiveApi::Records)),
        (false, true, Some(ArchiveApi::Legacy)),
        (false, false, None),
    ] {
        let fake = FakeArchive::start(Behaviour {
            records_api,
            legacy_api,
            ..Behaviour::default()
        });
        let config = config(&fake.url(), ZenodoApi::Auto);
        let found = config.connect(&connection(&NoWait::default()));
        assert_eq!(found.ok().map(|archive| archive.api()), expected);
    }
}

#[test]
fn a_library_user_submits_in_one_line() {
    let fake = FakeArchive::start(Behaviour::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crate.zip");
    entrenar::files::write_atomic(&path, b"PK").unwrap();
    let artifact = ResearchArtifact::new("s-1", "Rank 64", ArtifactType::Notebook)
        .with_author(Author::new("Ana Silva"))
        .with_license(License::parse("MIT").unwrap());
    let deposit = ArchiveDeposit::new(config(&fake.url(), ZenodoApi::Auto))
        .with_file(&path)
        .with_publication(true);
    let error = deposit.prepare(&artifact).unwrap().submit().unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("There is no publication date."), "{source}");
    assert!(fake.inside().requests.is_empty());
    let artifact = deposit_support::artifact();
    let done = deposit.prepare(&artifact).unwrap().submit().unwrap();
    assert_eq!(done.step, Step::Done);
    assert_eq!(fake.inside().published().len(), 1);
    let doi = fake.inside().published()[0].doi.clone();
    assert_eq!(doi, done.doi);
}

#[test]
fn the_token_is_in_the_header_and_nowhere_else() {
    let fake = FakeArchive::start(Behaviour::default());
    let mut log = MemoryLog::default();
    let folder = tempfile::tempdir().unwrap();
    let mut contents = InFolder::new(folder.path(), &[("a.bin", 20_000)]);
    let mut state = new_state(&fake.url());
    let config = config(&fake.url(), ZenodoApi::Auto);
    let timer = NoWait::default();
    live(
        &config,
        &mut state,
        Goal::Published,
        &mut log,
        &mut contents,
        &mut Unwatched,
        &timer,
    )
    .unwrap();
    let archive = config.connect(&connection(&timer)).unwrap();
    let states = serde_json::to_string(&log.states).unwrap();
    let mut shown = format!("{config:?}{config}{log:?}{states}{contents:?}");
    shown.push_str(&format!("{:?}", archive.api()));
    // A server that says the token back.
    let body = format!(
        "{{\"message\": \"bad token {TOKEN}\", \"errors\": [{{\"field\": \"{TOKEN}\", \"messages\": [\"{TOKEN}\"]}}]}}"
    );
    for status in [400, 401, 403, 404, 409, 500, 200] {
        let (state, error) = always(status, "application/json", &body);
        shown.push_str(&format!("{error}{error:?}{state:?}"));
    }
    for record in fake.inside().records.values() {
        shown.push_str(&format!("{record:?}"));
    }
    assert!(!shown.contains(TOKEN), "{shown}");
    let inside = fake.inside();
    assert!(!inside.seen.is_empty());
    for request in &inside.seen {
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {TOKEN}").as_str())
        );
        assert!(!request.target.contains(TOKEN));
    }
}
