//! Deposits at a real InvenioRDM, without faults and with them.
//!
//! It runs where `scripts/invenio/run.sh env` names a server (`scripts/full.sh invenio`):
//! `ENTRENAR_INVENIO` is its address with `/api`, `ENTRENAR_INVENIO_TOKEN` a token.
//! `ENTRENAR_DEPOSIT_FAULTS` says how many faults there are (default: 20).
#![cfg(feature = "deposit")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests"
)]

mod deposit_support;
mod fake_archive;
#[path = "conformance/http.rs"]
mod http;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deposit_support::chance::{Chance, fault};
use deposit_support::{Disk, InFolder, NoWait, connection, new_state};
use entrenar::research::archive::{
    Access, Connection, DepositFailure, DepositLog, DepositState, Depositor, Goal, MemoryLog, Step,
    Unwatched,
};
use entrenar::research::{ZenodoApi, ZenodoConfig};
use fake_archive::proxy::Proxy;
use serde_json::{Value, json};

/// The real server, if there is one.
struct Server {
    /// Without `/api`.
    url: String,
    token: String,
}

impl Server {
    fn named() -> Option<Self> {
        let Ok(base) = std::env::var("ENTRENAR_INVENIO") else {
            println!(
                "SKIPPED: a real InvenioRDM: ENTRENAR_INVENIO is not set (scripts/full.sh invenio)"
            );
            return None;
        };
        let url = base.trim_end_matches("/api").to_owned();
        let token = std::env::var("ENTRENAR_INVENIO_TOKEN").unwrap();
        Some(Self { url, token })
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let headers = [("Authorization".to_owned(), format!("Bearer {}", self.token))];
        let address = self.url.strip_prefix("http://").unwrap();
        let reply = http::send(address, "GET", path, &headers, None).unwrap();
        (
            reply.status,
            serde_json::from_slice(&reply.body).unwrap_or_default(),
        )
    }

    /// All that the server has under a title: drafts and records.
    fn under(&self, title: &str) -> Vec<Value> {
        let query = title.replace(' ', "%20");
        let path = format!("/api/user/records?q=metadata.title:%22{query}%22&size=100");
        self.get(&path).1["hits"]["hits"]
            .as_array()
            .unwrap()
            .clone()
    }

    fn config(&self, url: &str) -> ZenodoConfig {
        ZenodoConfig::new(&self.token)
            .with_base_url(url)
            .with_publisher("Test archive")
            .with_api(ZenodoApi::Records)
    }
}

/// A real server needs longer than the fake.
fn patient(timer: &NoWait) -> Connection {
    let mut connection = connection(timer);
    connection.limits.answer = Duration::from_secs(20);
    connection.limits.stall = Duration::from_secs(20);
    connection
}

fn live(
    server: &Server,
    url: &str,
    state: &mut DepositState,
    goal: Goal,
    log: &mut dyn DepositLog,
    contents: &mut InFolder,
) -> Result<(), DepositFailure> {
    let timer = NoWait::default();
    let archive = server.config(url).connect(&patient(&timer)).unwrap();
    state.api = archive.api();
    let mut depositor = Depositor {
        archive: &*archive,
        log,
        contents,
        watch: &mut Unwatched,
        timer: &timer,
    };
    depositor.run(state, goal)
}

fn files_of(server: &Server, id: &str) -> BTreeMap<String, (u64, String)> {
    let (status, listing) = server.get(&format!("/api/records/{id}/files"));
    assert_eq!(status, 200, "{listing}");
    let entries = listing["entries"].as_array().unwrap();
    let file = |entry: &Value| {
        let sum = entry["checksum"]
            .as_str()
            .unwrap()
            .trim_start_matches("md5:")
            .to_owned();
        (
            entry["key"].as_str().unwrap().to_owned(),
            (entry["size"].as_u64().unwrap(), sum),
        )
    };
    entries.iter().map(file).collect()
}

fn wanted(state: &DepositState) -> BTreeMap<String, (u64, String)> {
    let files = state.files.iter();
    files
        .map(|file| (file.name.clone(), (file.size, file.md5.clone())))
        .collect()
}

/// Text that no other run of the tests has.
fn unique() -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    format!("{:x}", now.as_nanos())
}

#[test]
fn a_real_server_gets_everything_there_is() {
    let Some(server) = Server::named() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // 30,000 bytes go in parts of 4 KiB.
    let mut contents = InFolder::new(folder.path(), &[("crate.zip", 30_000), ("größe 1.txt", 5)]);
    contents.artifact.title = format!("Everything {}", unique());
    let title = contents.artifact.title.clone();
    let mut state = new_state(&server.url);
    state.id = format!("{:0>32}", unique());
    state.terms.community = Some("reviewed".to_owned());
    let log = &mut MemoryLog::default();
    live(
        &server,
        &server.url,
        &mut state,
        Goal::Draft,
        log,
        &mut contents,
    )
    .unwrap();
    assert_eq!(server.under(&title)[0]["is_published"], false);
    live(
        &server,
        &server.url,
        &mut state,
        Goal::Published,
        log,
        &mut contents,
    )
    .unwrap();
    assert_eq!(state.step, Step::Done);
    let found = server.under(&title);
    assert_eq!(found.len(), 1, "{found:?}");
    let id = found[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        found[0]["pids"]["doi"]["identifier"].as_str(),
        state.doi.as_deref()
    );
    assert!(!found[0].to_string().contains("entrenar-deposit"));
    assert_eq!(files_of(&server, &id), wanted(&state));
    let requests = server
        .get(&format!("/api/records/{id}/requests?is_open=true"))
        .1;
    assert_eq!(
        requests["hits"]["hits"][0]["type"], "community-inclusion",
        "{requests}"
    );

    // A new version, closed until a day, with one file less.
    let mut second = new_state(&server.url);
    second.id = format!("{:0>32}", unique());
    second.new_version_of = Some(id.clone());
    second.terms.access = Access::Restricted;
    second.terms.embargo = chrono::NaiveDate::from_ymd_opt(2199, 12, 31);
    contents.sizes.pop();
    contents.frozen = None;
    live(
        &server,
        &server.url,
        &mut second,
        Goal::Published,
        log,
        &mut contents,
    )
    .unwrap();
    let next = second.draft.as_ref().unwrap().id.clone();
    assert_ne!(next, id);
    let (_, record) = server.get(&format!("/api/records/{next}"));
    assert_eq!(record["access"]["files"], "restricted");
    assert_eq!(record["access"]["embargo"]["until"], "2199-12-31");
    assert_eq!(
        record["versions"],
        json!({"is_latest": true, "is_latest_draft": true, "index": 2})
    );
    assert_eq!(files_of(&server, &next), wanted(&second));
}

struct Outcome {
    faults: BTreeMap<String, u32>,
    lives: u32,
    kills: u32,
}

/// One deposit through a bad network, by a program that is killed now and then.
fn case(server: &Server, seed: u64) -> Outcome {
    let mut chance = Chance(seed);
    let seen = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let counted = Arc::clone(&seen);
    let mut dice = Chance(seed ^ 0xdead_beef);
    let mut left = 4 + dice.below(8);
    let plan = move |_, _: &fake_archive::http::Request| {
        if left == 0 || dice.below(10) >= 4 {
            return None;
        }
        left -= 1;
        let fault = fault(&mut dice);
        let name = format!("{fault:?}");
        let name = name.split(['(', '.']).next().unwrap().to_owned();
        *counted.lock().unwrap().entry(name).or_default() += 1;
        Some(fault)
    };
    let proxy = Proxy::start(&server.url, Box::new(plan));
    let folder = tempfile::tempdir().unwrap();
    let size = usize::try_from(1 + chance.below(25_000)).unwrap();
    let mut contents = InFolder::new(folder.path(), &[("crate.zip", size), ("b.txt", 7)]);
    contents.artifact.title = format!("Case {seed} {}", unique());
    let title = contents.artifact.title.clone();
    let mut first = new_state(&proxy.url());
    first.id = format!("{:0>32}", unique());
    let mut disk = Disk::default();
    let (mut lives, mut kills) = (0, 0);
    loop {
        lives += 1;
        assert!(lives < 60, "seed {seed}: it does not come to an end");
        let mut state = disk.kept.clone().unwrap_or_else(|| first.clone());
        disk.dead = false;
        disk.saves = 0;
        disk.kill_at = (lives < 5 && chance.below(3) == 0).then(|| {
            let at = u32::try_from(1 + chance.below(14)).unwrap();
            (at, chance.below(2) == 0)
        });
        let url = proxy.url();
        let done = live(
            server,
            &url,
            &mut state,
            Goal::Published,
            &mut disk,
            &mut contents,
        );
        kills += u32::from(disk.dead);
        if done.is_ok() && !disk.dead {
            assert_eq!(state.step, Step::Done, "seed {seed}");
            break;
        }
    }
    drop(proxy);
    let state = disk.kept.unwrap();
    let found = server.under(&title);
    assert_eq!(found.len(), 1, "seed {seed}: {found:#?}");
    assert_eq!(found[0]["is_published"], true, "seed {seed}");
    assert_eq!(
        found[0]["pids"]["doi"]["identifier"].as_str(),
        state.doi.as_deref()
    );
    let id = found[0]["id"].as_str().unwrap();
    assert_eq!(files_of(server, id), wanted(&state), "seed {seed}");
    let faults = seen.lock().unwrap().clone();
    Outcome {
        faults,
        lives,
        kills,
    }
}

#[test]
fn through_a_bad_network_a_real_server_has_one_record() {
    let Some(server) = Server::named() else {
        return;
    };
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let wanted = number("ENTRENAR_DEPOSIT_FAULTS").unwrap_or(20);
    let mut seed = number("ENTRENAR_DEPOSIT_SEED").unwrap_or(1);
    let begun = Instant::now();
    let mut faults = BTreeMap::<String, u32>::new();
    let (mut deposits, mut lives, mut kills) = (0, 0, 0);
    while u64::from(faults.values().sum::<u32>()) < wanted {
        let outcome = case(&server, seed);
        seed += 1;
        deposits += 1;
        lives += outcome.lives;
        kills += outcome.kills;
        for (name, count) in outcome.faults {
            *faults.entry(name).or_default() += count;
        }
        let so_far: u32 = faults.values().sum();
        let seconds = begun.elapsed().as_secs();
        println!("{so_far} faults, {deposits} deposits, {lives} lives, {kills} kills, {seconds} s");
    }
    // Nothing of all this is left over as a draft.
    let drafts = server
        .get("/api/user/records?q=metadata.title:Case*&size=1000")
        .1;
    let drafts = drafts["hits"]["hits"].as_array().unwrap();
    let left: Vec<&Value> = drafts
        .iter()
        .filter(|one| one["is_published"] == false)
        .collect();
    assert!(left.is_empty(), "{left:#?}");
    println!("{faults:#?}");
}
