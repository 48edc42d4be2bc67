//! Deposits through a network that cuts, delays and loses, by a client that is killed.
//!
//! Each case is made of its seed alone; `ENTRENAR_DEPOSIT_FAULTS` says how many are run.
#![cfg(feature = "deposit")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod deposit_support;
mod fake_archive;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use deposit_support::chance::{Chance, fault};
use deposit_support::{Disk, InFolder, NoWait, StopAfter, config, live, new_state};
use entrenar::research::ZenodoApi;
use entrenar::research::archive::{Goal, Step, Unwatched, Watch};
use fake_archive::proxy::Proxy;
use fake_archive::{Behaviour, FakeArchive, Parts};

/// What a case came to.
#[derive(Debug, Default)]
struct Outcome {
    faults: BTreeMap<String, u32>,
    kills: u32,
    lives: u32,
}

fn case(seed: u64) -> Outcome {
    let mut chance = Chance(seed);
    let api = if chance.below(3) == 0 {
        ZenodoApi::Legacy
    } else {
        ZenodoApi::Records
    };
    let parts = match chance.below(3) {
        0 => Parts::RefusedLate,
        _ => Parts::Taken,
    };
    let fake = FakeArchive::start(Behaviour {
        parts,
        search_lag: u32::try_from(chance.below(3)).unwrap(),
        slow_publication: u32::try_from(chance.below(2)).unwrap(),
        ..Behaviour::default()
    });
    let seen = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let counted = Arc::clone(&seen);
    let mut dice = Chance(seed ^ 0xdead_beef);
    let rate = 1 + dice.below(4);
    let mut left = 1 + dice.below(8);
    let proxy = Proxy::start(
        &fake.url(),
        Box::new(move |_, _| {
            if left == 0 || dice.below(10) >= rate {
                return None;
            }
            left -= 1;
            let fault = fault(&mut dice);
            *counted
                .lock()
                .unwrap()
                .entry(format!("{fault:?}"))
                .or_default() += 1;
            Some(fault)
        }),
    );
    let folder = tempfile::tempdir().unwrap();
    let size = usize::try_from(1 + chance.below(40_000)).unwrap();
    let mut contents = InFolder::new(folder.path(), &[("crate.zip", size), ("b.txt", 7)]);
    let config = config(&proxy.url(), api);
    let mut disk = Disk::default();
    let mut outcome = Outcome::default();
    loop {
        outcome.lives += 1;
        assert!(
            outcome.lives < 40,
            "seed {seed}: it does not come to an end"
        );
        let mut state = disk.kept.clone().unwrap_or_else(|| new_state(&proxy.url()));
        disk.dead = false;
        disk.saves = 0;
        disk.kill_at = (outcome.lives < 8 && chance.below(3) > 0).then(|| {
            let at = u32::try_from(1 + chance.below(14)).unwrap();
            (at, chance.below(2) == 0)
        });
        let bytes = if outcome.lives < 8 && chance.below(4) == 0 {
            chance.below(40_000)
        } else {
            u64::MAX
        };
        let mut stop = StopAfter(bytes);
        let watch: &mut dyn Watch = if bytes == u64::MAX {
            &mut Unwatched
        } else {
            &mut stop
        };
        let done = live(
            &config,
            &mut state,
            Goal::Published,
            &mut disk,
            &mut contents,
            watch,
            &NoWait::default(),
        );
        if disk.dead {
            outcome.kills += 1;
        }
        if done.is_ok() && !disk.dead {
            assert_eq!(state.step, Step::Done, "seed {seed}");
            break;
        }
    }
    let inside = fake.inside();
    let requests = || format!("{:#?}", inside.requests);
    assert_eq!(inside.published().len(), 1, "seed {seed}: {}", requests());
    assert_eq!(inside.drafts().len(), 0, "seed {seed}: {}", requests());
    let record = inside.published()[0];
    let state = disk.kept.unwrap();
    assert_eq!(record.doi, state.doi, "seed {seed}");
    let names: Vec<&String> = record.files.keys().collect();
    assert_eq!(names, ["README.md", "b.txt", "crate.zip"], "seed {seed}");
    for file in &state.files {
        let there = &record.files[&file.name];
        assert_eq!(
            (there.size, &there.md5),
            (file.size, &file.md5),
            "seed {seed}"
        );
    }
    let readme = record.files["README.md"].content.clone().unwrap();
    let readme = String::from_utf8(readme).unwrap();
    assert!(
        readme.contains(state.doi.as_deref().unwrap()),
        "seed {seed}: {readme}"
    );
    // InvenioRDM does not say which parts it has: one whose confirmation was lost goes again.
    let lost: u32 = seen.lock().unwrap().values().sum::<u32>() + outcome.lives;
    let (parts, whole): (Vec<_>, Vec<_>) = inside
        .taken_twice()
        .into_iter()
        .partition(|(_, _, part)| *part > 0);
    assert!(whole.is_empty(), "seed {seed}: {whole:?} {}", requests());
    assert!(
        u32::try_from(parts.len()).unwrap() <= lost,
        "seed {seed}: {parts:?} {}",
        requests()
    );
    drop(proxy);
    outcome.faults = seen.lock().unwrap().clone();
    outcome
}

#[test]
fn whatever_happens_there_is_one_record_and_nothing_is_sent_twice() {
    let wanted: u32 = std::env::var("ENTRENAR_DEPOSIT_FAULTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    let first: u64 = std::env::var("ENTRENAR_DEPOSIT_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let next = Arc::new(Mutex::new((first, Outcome::default())));
    let work = || {
        loop {
            let seed = {
                let mut next = next.lock().unwrap();
                let so_far: u32 = next.1.faults.values().sum();
                if so_far >= wanted {
                    return;
                }
                next.0 += 1;
                next.0 - 1
            };
            let outcome = case(seed);
            let mut next = next.lock().unwrap();
            for (fault, count) in outcome.faults {
                *next.1.faults.entry(fault).or_default() += count;
            }
            next.1.kills += outcome.kills;
            next.1.lives += outcome.lives;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    let next = next.lock().unwrap();
    println!(
        "{} deposits, {} lives, {} kills, faults {:#?}",
        next.0 - first,
        next.1.lives,
        next.1.kills,
        next.1.faults
    );
    assert!(next.1.kills > 20);
    assert_eq!(next.1.faults.len(), 10, "{:?}", next.1.faults);
}
