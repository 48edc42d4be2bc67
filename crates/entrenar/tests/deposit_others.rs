//! Deposits at Figshare and at a Dataverse, which run inside the test as their documentation says.
//! Neither archive itself was to be had: what the documentation does not tell is not tested.
#![cfg(feature = "deposit")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod deposit_support;
mod fake_archive;
mod fake_others;

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use deposit_support::{InFolder, NoWait, connection, is_refused, new_state};
use entrenar::research::archive::{
    Access, Archive, ArchiveError, ConnectError, DataverseConfig, DepositFailure, DepositState,
    Depositor, FigshareConfig, Goal, MemoryLog, Sending, Step, Unwatched,
};
use entrenar::research::{Author, License, MissingField};
use fake_archive::proxy::{Fault, Proxy};
use fake_others::dataverse::{self, FakeDataverse};
use fake_others::figshare::{self, FakeFigshare};

fn contents(folder: &Path) -> InFolder {
    let mut contents = InFolder::new(folder, &[("model/weights.bin", 30_000), ("notes.txt", 5)]);
    std::fs::create_dir_all(folder.join("model")).unwrap();
    contents.artifact.keywords = vec!["rank".to_owned()];
    contents.artifact.license = Some(License::CC_BY_4_0);
    contents
}

fn run(
    archive: &dyn Archive,
    state: &mut DepositState,
    goal: Goal,
    contents: &mut InFolder,
) -> Result<(), DepositFailure> {
    let timer = NoWait::default();
    state.api = archive.api();
    Depositor {
        archive,
        log: &mut MemoryLog::default(),
        contents,
        watch: &mut Unwatched,
        timer: &timer,
    }
    .run(state, goal)
}

fn at_figshare(url: &str) -> Box<dyn Archive> {
    let config = FigshareConfig::new(figshare::TOKEN)
        .with_base_url(url)
        .with_category("machine LEARNING");
    config.connect(&connection(&NoWait::default())).unwrap()
}

fn at_dataverse(url: &str) -> Box<dyn Archive> {
    let config = DataverseConfig::new(url, dataverse::TOKEN, "lab")
        .with_subject("Computer and Information Science");
    config.connect(&connection(&NoWait::default())).unwrap()
}

#[test]
fn figshare_has_one_public_article_with_its_doi_inside() {
    let fake = FakeFigshare::start(7_000);
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(folder.path());
    for number in 0..24 {
        contents
            .artifact
            .authors
            .push(Author::new(format!("Author {number}")));
    }
    let archive = at_figshare(&fake.url());
    let mut state = new_state(&fake.url());
    run(&*archive, &mut state, Goal::Draft, &mut contents).unwrap();
    assert_eq!(state.step, Step::Uploaded);
    assert!(
        fake.inside()
            .articles
            .values()
            .all(|one| one.public.is_none())
    );
    run(&*archive, &mut state, Goal::Published, &mut contents).unwrap();
    assert_eq!(state.step, Step::Done);
    let inside = fake.inside();
    assert_eq!(inside.articles.len(), 1);
    let (id, article) = inside.articles.first_key_value().unwrap();
    assert_eq!(state.doi, Some(format!("10.6084/m9.figshare.{id}")));
    let body = article.public.as_ref().unwrap();
    assert_eq!(body["title"], "Rank 64");
    assert_eq!(body["categories"], serde_json::json!([77]));
    assert_eq!(body["license"], 1);
    assert_eq!(body["authors"].as_array().unwrap().len(), 25);
    assert_eq!(body["authors"][0]["orcid_id"], "0000-0002-1825-0097");
    let sizes: Vec<(&str, usize)> = article
        .files
        .values()
        .map(|file| (file.name.as_str(), file.content().len()))
        .collect();
    assert_eq!(
        sizes[1..],
        [("model/weights.bin", 30_000), ("notes.txt", 5)]
    );
    let readme = article.files.values().next().unwrap().content();
    let readme = String::from_utf8(readme).unwrap();
    assert!(readme.contains(state.doi.as_deref().unwrap()), "{readme}");
    assert!(inside.taken.values().all(|times| *times == 1));
}

#[test]
fn figshare_gets_the_parts_that_it_lacks() {
    let fake = FakeFigshare::start(7_000);
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(folder.path());
    let mut state = new_state(&fake.url());
    // The fourth part of the large file is cut off, again and again.
    let proxy = Proxy::start(
        &fake.host(),
        Box::new(|_, request| {
            let is_part = request.method == "PUT" && request.path().contains("/upload/");
            (is_part && request.path().ends_with("/4")).then_some(Fault::CutHalfway)
        }),
    );
    let through = at_figshare(&format!("{}/v2", proxy.url()));
    let cut = run(&*through, &mut state, Goal::Published, &mut contents);
    assert!(matches!(cut, Err(DepositFailure::Archive(error)) if error.is_lost()));
    let archive = at_figshare(&fake.url());
    run(&*archive, &mut state, Goal::Published, &mut contents).unwrap();
    let inside = fake.inside();
    assert_eq!(inside.articles.len(), 1);
    assert!(
        inside.taken.values().all(|times| *times == 1),
        "{:?}",
        inside.taken
    );
}

#[test]
fn a_lost_answer_makes_no_second_article() {
    for lost in [
        "POST /v2/account/articles",
        "POST /v2/account/articles/1001/publish",
    ] {
        let fake = FakeFigshare::start(7_000);
        let folder = tempfile::tempdir().unwrap();
        let mut contents = contents(folder.path());
        let mut state = new_state(&fake.url());
        let mut done = false;
        let plan = move |_, request: &fake_archive::http::Request| {
            let is_it = format!("{} {}", request.method, request.path()) == lost;
            (is_it && !std::mem::replace(&mut done, is_it)).then_some(Fault::LoseReply)
        };
        let proxy = Proxy::start(&fake.host(), Box::new(plan));
        let archive = at_figshare(&format!("{}/v2", proxy.url()));
        run(&*archive, &mut state, Goal::Published, &mut contents).unwrap();
        let inside = fake.inside();
        assert_eq!(inside.articles.len(), 1, "{lost}");
        assert_eq!(
            inside.articles.values().next().unwrap().version,
            1,
            "{lost}"
        );
    }
}

#[test]
fn figshare_makes_a_version_of_the_same_article_and_closes_files_until_a_day() {
    let fake = FakeFigshare::start(7_000);
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(folder.path());
    let archive = at_figshare(&fake.url());
    let mut first = new_state(&fake.url());
    run(&*archive, &mut first, Goal::Published, &mut contents).unwrap();
    let id = first.draft.unwrap().id;
    let mut second = new_state(&fake.url());
    second.new_version_of = Some(id.clone());
    second.terms.embargo = chrono::NaiveDate::from_ymd_opt(2199, 12, 31);
    contents.sizes.push(("more.txt".to_owned(), 3));
    contents.frozen = None;
    run(&*archive, &mut second, Goal::Published, &mut contents).unwrap();
    {
        let inside = fake.inside();
        let article = &inside.articles[&id.parse().unwrap()];
        assert_eq!((inside.articles.len(), article.version), (1, 2));
        assert_eq!(article.files.len(), 4);
        assert_eq!(
            article.embargo.as_ref().unwrap()["embargo_date"],
            "2199-12-31"
        );
    }
    // For ever is not what Figshare's documentation tells how to do.
    let mut third = new_state(&fake.url());
    third.terms.access = Access::Restricted;
    let refused = run(&*archive, &mut third, Goal::Published, &mut contents).unwrap_err();
    assert!(is_refused(&refused)[0].starts_with("access: "), "{refused}");
}

#[test]
fn what_figshare_does_not_offer_is_said() {
    let fake = FakeFigshare::start(7_000);
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(folder.path());
    contents.artifact.license = Some(License::MPL_2_0);
    let archive = at_figshare(&fake.url());
    let mut state = new_state(&fake.url());
    let refused = run(&*archive, &mut state, Goal::Published, &mut contents).unwrap_err();
    let message = "license: Figshare does not offer MPL-2.0; it has: CC BY 4.0, MIT.";
    assert_eq!(is_refused(&refused), [message]);
    assert!(
        fake.inside()
            .articles
            .values()
            .all(|one| one.public.is_none())
    );

    let wrong = FigshareConfig::new("wrong").with_base_url(fake.url());
    let wrong = wrong.connect(&connection(&NoWait::default())).unwrap();
    let mut state = new_state(&fake.url());
    let refused = run(&*wrong, &mut state, Goal::Draft, &mut contents).unwrap_err();
    assert!(
        refused.to_string().contains("refuses the access token"),
        "{refused}"
    );
    assert!(matches!(
        FigshareConfig::new(" ").connect(&connection(&NoWait::default())),
        Err(ConnectError::NoToken)
    ));
}

#[test]
fn what_is_missing_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut artifact = contents(folder.path()).artifact;
    artifact.license = None;
    artifact.keywords.clear();
    let fields = |items: Vec<entrenar::research::MissingItem>| {
        items.into_iter().map(|item| item.field).collect::<Vec<_>>()
    };
    assert_eq!(
        fields(FigshareConfig::new("t").missing(&artifact)),
        [
            MissingField::License,
            MissingField::Keywords,
            MissingField::Category
        ]
    );
    let config = DataverseConfig::new("https://demo.dataverse.org", "t", "root");
    assert_eq!(
        fields(config.missing(&artifact)),
        [MissingField::License, MissingField::Subject]
    );
    let config = config.with_subject("Computing");
    let items = config.missing(&artifact);
    assert!(items[1].message.contains("Computing"), "{items:?}");
    assert!(
        !format!("{config:?}{config}").contains("\"t\""),
        "{config:?}"
    );
}

#[test]
fn a_dataverse_has_one_dataset_whether_or_not_it_stores_directly() {
    // Through the server; directly in one part; directly in several.
    for direct in [None, Some(1 << 20), Some(7_000)] {
        let fake = FakeDataverse::start(direct);
        let folder = tempfile::tempdir().unwrap();
        let mut contents = contents(folder.path());
        let archive = at_dataverse(&fake.url());
        let mut state = new_state(&fake.url());
        run(&*archive, &mut state, Goal::Published, &mut contents).unwrap();
        assert_eq!(state.step, Step::Done);
        assert_eq!(state.doi.as_deref(), Some("10.5072/FK2/S00001"));
        let inside = fake.inside();
        assert_eq!(inside.datasets.len(), 1);
        let dataset = inside.datasets.values().next().unwrap();
        let released = dataset.released.as_ref().unwrap();
        assert_eq!(
            released["license"]["uri"],
            "http://creativecommons.org/licenses/by/4.0"
        );
        let text = released.to_string();
        for wanted in [
            "Rank 64",
            "ana@example.org",
            "0000-0002-1825-0097",
            "Computer and Information",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert!(!text.contains("entrenar-deposit"), "{text}");
        assert!(!text.contains("in preparation"), "{text}");
        let weights = &dataset.files[1];
        assert_eq!(
            (weights.name.as_str(), weights.content.len()),
            ("weights.bin", 30_000)
        );
        assert_eq!(weights.about["directoryLabel"], "model");
        let mut sent = Vec::new();
        sent.write_all(&std::fs::read(folder.path().join("model/weights.bin")).unwrap())
            .unwrap();
        assert_eq!(weights.content, sent);
        assert!(inside.stored.is_empty(), "{direct:?}");
    }
}

#[test]
fn a_lost_dataset_is_found_again_even_if_the_search_lags() {
    for blind in [false, true] {
        let fake = FakeDataverse::start(None);
        fake.inside().blind = blind;
        let folder = tempfile::tempdir().unwrap();
        let mut contents = contents(folder.path());
        let mut state = new_state(&fake.url());
        let mut done = false;
        let plan = move |_, request: &fake_archive::http::Request| {
            let is_it = request.method == "POST" && request.path().ends_with("/datasets");
            (is_it && !std::mem::replace(&mut done, is_it)).then_some(Fault::LoseReply)
        };
        let proxy = Proxy::start(&fake.url(), Box::new(plan));
        let archive = at_dataverse(&proxy.url());
        run(&*archive, &mut state, Goal::Published, &mut contents).unwrap();
        assert_eq!(fake.inside().datasets.len(), 1);
    }
}

#[test]
fn a_dataverse_keeps_files_closed_and_makes_versions() {
    let fake = FakeDataverse::start(None);
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(folder.path());
    let archive = at_dataverse(&fake.url());
    let mut state = new_state(&fake.url());
    state.terms.access = Access::Restricted;
    run(&*archive, &mut state, Goal::Published, &mut contents).unwrap();
    let id = state.draft.unwrap().id;
    {
        let inside = fake.inside();
        let dataset = &inside.datasets[&id];
        assert_eq!(
            dataset.released.as_ref().unwrap()["fileAccessRequest"],
            true
        );
        assert!(
            dataset
                .files
                .iter()
                .all(|file| file.about["restrict"] == "true")
        );
    }
    let mut second = new_state(&fake.url());
    second.new_version_of = state.doi.clone();
    second.terms.embargo = chrono::NaiveDate::from_ymd_opt(2199, 12, 31);
    contents.sizes.pop();
    contents.frozen = None;
    run(&*archive, &mut second, Goal::Published, &mut contents).unwrap();
    let inside = fake.inside();
    let dataset = &inside.datasets[&id];
    assert_eq!((inside.datasets.len(), dataset.files.len()), (1, 2));
    assert_eq!(
        dataset.embargo.as_ref().unwrap()["dateAvailable"],
        "2199-12-31"
    );
}

#[test]
fn a_zip_arrives_though_a_dataverse_unpacks_what_is_uploaded() {
    let fake = FakeDataverse::start(None);
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(folder.path());
    let archive = at_dataverse(&fake.url());
    let mut state = new_state(&fake.url());
    run(&*archive, &mut state, Goal::Draft, &mut contents).unwrap();
    let mut draft = state.draft.unwrap();
    let path = folder.path().join("inner.zip");
    let bytes = b"PK\x03\x04 whatever is in it";
    entrenar::files::write_atomic(&path, bytes).unwrap();
    let file = entrenar::research::archive::LocalFile::read("crate.zip", &path).unwrap();
    let mut sending = Quiet;
    let there = archive.put_file(&draft, &file, &mut sending).unwrap();
    assert!(there.is(&file), "{there:?}");
    // It is known when it comes again.
    assert_eq!(
        archive.put_file(&draft, &file, &mut sending).unwrap(),
        there
    );
    archive.reserve_doi(&mut draft).unwrap();
    let inside = fake.inside();
    let dataset = inside.datasets.values().next().unwrap();
    assert_eq!(dataset.files.last().unwrap().content, bytes);
}

struct Quiet;

impl Sending for Quiet {
    fn sent(&mut self, _bytes: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn parts(&self) -> (Option<u64>, Vec<u32>) {
        (None, Vec::new())
    }

    fn begin_parts(&mut self, _size: Option<u64>) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn part_arrived(&mut self, _part: u32) -> Result<(), ArchiveError> {
        Ok(())
    }
}
