//! Writes a crate with large attachments as an archive, and lets `sha256sum` and `zip -0` do the
//! same to the same files; verifies the folder beside `sha256sum -c`: medians of several rounds,
//! everything in one run.
//!
//!     crate_speed [MEGABYTES] [FOLDER]        (default: 1000, and the folder for temporary files)

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: a panic says what failed, and standard output is its report"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use entrenar::preserve::verify::{VerifyOptions, verify};
use entrenar::preserve::{
    Attachment, Attachments, Parts, PreserveOptions, Role, build, describe, write, write_zip,
};
use entrenar::session::EntrenarSession;

const FILES: u64 = 4;
const ROUNDS: usize = 5;

fn main() {
    let mut args = std::env::args().skip(1);
    let megabytes: u64 = args.next().map_or(1000, |text| text.parse().unwrap());
    let place = match args.next() {
        Some(folder) => tempfile::tempdir_in(folder).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let data = place.path().join("data");
    fs::create_dir(&data).unwrap();
    for number in 0..FILES {
        noise(
            &data.join(format!("{number}.bin")),
            megabytes * 1_000_000 / FILES,
            number,
        );
    }
    let mut session = EntrenarSession::empty("speed", "speed");
    session.metrics.add_loss(1.0);
    let mut artifact = describe(&session, &PreserveOptions::default());
    artifact.release_date = chrono::NaiveDate::from_ymd_opt(2026, 11, 22);
    let mut ours = Vec::new();
    let mut folder = Vec::new();
    let mut theirs = Vec::new();
    let mut synced = Vec::new();
    let (mut verified, mut checked) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let attachments = Attachments::find(&[Attachment {
            path: data.clone(),
            name: Some("data".into()),
            role: Role::Other,
        }])
        .unwrap();
        let parts = Parts {
            attachments: Some(&attachments),
            ..Parts::default()
        };
        let built = build(&session, &artifact, &parts).unwrap();
        let zip = place.path().join("ours.zip");
        let ours_now = timed(|| drop(write_zip(&built, &zip, false, true).unwrap()));
        fs::remove_file(&zip).unwrap();
        let dir = place.path().join("ours");
        let folder_now = timed(|| drop(write(&built, &dir, false).unwrap()));
        let verify_now = timed(|| {
            let found = verify(&dir, &VerifyOptions::default()).unwrap();
            assert!(found.report.holds(), "{:?}", found.report.problems);
        });
        let check_now = timed(|| {
            let mut sums = Command::new("sha256sum");
            sums.args(["-c", "--quiet", "SHA256SUMS"]).current_dir(&dir);
            assert!(sums.status().unwrap().success());
        });
        fs::remove_dir_all(&dir).unwrap();
        let zip = place.path().join("theirs.zip");
        let theirs_now = timed(|| others(&data, &zip));
        let sync_now = timed(|| File::open(&zip).unwrap().sync_all().unwrap());
        fs::remove_file(&zip).unwrap();
        // The first round fills the caches.
        if round > 0 {
            ours.push(ours_now);
            folder.push(folder_now);
            theirs.push(theirs_now);
            synced.push(theirs_now + sync_now);
            verified.push(verify_now);
            checked.push(check_now);
        }
    }
    let (ours, folder) = (median(ours), median(folder));
    let (theirs, synced) = (median(theirs), median(synced));
    println!("{megabytes} MB in {FILES} files, median of {ROUNDS} rounds");
    println!("entrenar, zip (hashed, synced)        {ours:.2} s");
    println!("entrenar, folder (hashed, synced)     {folder:.2} s");
    println!(
        "sha256sum + zip -0                    {theirs:.2} s   {:.0} % of its speed",
        100.0 * theirs / ours
    );
    println!(
        "sha256sum + zip -0 + sync of the zip  {synced:.2} s   {:.0} % of its speed",
        100.0 * synced / ours
    );
    let (verified, checked) = (median(verified), median(checked));
    println!("entrenar, verify of the folder        {verified:.2} s");
    println!(
        "sha256sum -c                          {checked:.2} s   {:.0} % of its speed",
        100.0 * checked / verified
    );
}

/// Bytes that no file system could compress or share.
fn noise(path: &PathBuf, size: u64, seed: u64) {
    let mut file = File::create(path).unwrap();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut left = size;
    while left > 0 {
        let block: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(1 << 17)
        .flatten()
        .collect();
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        file.write_all(block.get(..count).unwrap()).unwrap();
        left -= u64::try_from(count).unwrap();
    }
    file.sync_all().unwrap();
}

fn others(data: &Path, zip: &Path) {
    let files: Vec<PathBuf> = (0..FILES)
        .map(|number| data.join(format!("{number}.bin")))
        .collect();
    let mut sums = Command::new("sha256sum");
    let mut pack = Command::new("zip");
    sums.args(&files).stdout(Stdio::null());
    pack.arg("-0").arg("-q").arg(zip).args(&files);
    assert!(sums.status().unwrap().success() && pack.status().unwrap().success());
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap()
}
