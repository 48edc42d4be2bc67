use super::*;

/// A file of a zip that a test makes.
struct Made {
    name: &'static str,
    data: Vec<u8>,
    method: u16,
    size: u32,
    flags: u16,
    attributes: u32,
}

fn file(name: &'static str, data: &[u8]) -> Made {
    Made {
        name,
        data: data.to_vec(),
        method: 0,
        size: u32::try_from(data.len()).unwrap(),
        flags: 0x0800,
        attributes: 0o100_644 << 16,
    }
}

/// A zip, with `between` before each file but the first and `behind` before its directory.
fn zip(files: &[Made], between: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (index, file) in files.iter().enumerate() {
        if index > 0 {
            out.extend(between);
        }
        let offset = u32::try_from(out.len()).unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(&file.data);
        let packed = u32::try_from(file.data.len()).unwrap();
        let mut common = Vec::new();
        for number in [20, file.flags, file.method, 0, 0x21] {
            common.extend(number.to_le_bytes());
        }
        for number in [crc.sum(), packed, file.size] {
            common.extend(number.to_le_bytes());
        }
        let name_length = u16::try_from(file.name.len()).unwrap();
        common.extend(name_length.to_le_bytes());
        common.extend([0, 0]);
        out.extend(0x0403_4b50_u32.to_le_bytes());
        out.extend(&common);
        out.extend(file.name.as_bytes());
        out.extend(&file.data);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(0x0314_u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend(file.attributes.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(file.name.as_bytes());
    }
    out.extend(behind);
    let start = u32::try_from(out.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    out.extend(directory);
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    out.extend(count);
    out.extend(count);
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn read(bytes: Vec<u8>) -> (Vec<String>, Vec<String>) {
    let (archive, problems, _) = Archive::read(Bytes::Memory(bytes)).unwrap();
    let names = archive.entries().iter().map(|entry| entry.path.clone());
    let problems = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.file, problem.message));
    (names.collect(), problems.collect())
}

#[test]
fn files_are_read_in_place() {
    let bytes = zip(&[file("b", b"two"), file("a", b"one")], b"", b"");
    let (archive, problems, _) = Archive::read(Bytes::Memory(bytes)).unwrap();
    assert_eq!(problems, []);
    let contents: Vec<_> = (0..2)
        .map(|place| io::read_to_string(archive.open(place).unwrap()).unwrap())
        .collect();
    assert_eq!(contents, ["one", "two"]);
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    for (name, message) in [
        ("../x", "the name climbs out of the folder"),
        ("a/../../x", "the name climbs out of the folder"),
        ("/etc/passwd", "the name is an absolute path"),
        ("C:\\x", "the name is an absolute path"),
        ("..\\x", "the name climbs out of the folder"),
        ("a\\x", "the name has a backslash or a control character"),
        ("a\nx", "the name has a backslash or a control character"),
        ("a//x", "the name has an empty part"),
        ("", "the name is empty"),
        ("a/", "it is an entry for a folder, which no crate has"),
    ] {
        let (names, problems) = read(zip(&[file(name, b"x")], b"", b""));
        assert_eq!(names, [""; 0], "{name:?}");
        assert_eq!(problems, [format!("{name}: {message}")]);
    }
    let link = Made {
        attributes: 0o120_777 << 16,
        ..file("link", b"/etc/passwd")
    };
    let (names, problems) = read(zip(&[link], b"", b""));
    assert_eq!(names, [""; 0]);
    assert_eq!(
        problems,
        ["link: it is a symbolic link; it is not followed"]
    );
}

#[test]
fn empty_entries_for_the_folders_of_files_are_noted() {
    let folder = file("a/", b"");
    let (names, problems) = read(zip(&[folder, file("a/b", b"x")], b"", b""));
    assert_eq!((names, problems), (vec!["a/b".to_owned()], Vec::new()));
    let (_, problems) = read(zip(&[file("c/", b""), file("a/b", b"x")], b"", b""));
    assert_eq!(
        problems,
        ["c/: it is an entry for a folder, which no crate has"]
    );
    let (_, problems) = read(zip(&[file("a/", b"hidden"), file("a/b", b"x")], b"", b""));
    assert_eq!(problems.len(), 1);
}

#[test]
fn two_names_that_some_system_takes_for_one_are_told() {
    for (one, two, message) in [
        ("a", "a", "the name comes twice"),
        ("A", "a", "some systems take the name for that of \"A\""),
        (
            "\u{e9}",
            "e\u{301}",
            "some systems take the name for that of \"e\\u{301}\"",
        ),
    ] {
        let (_, problems) = read(zip(&[file(one, b"1"), file(two, b"2")], b"", b""));
        assert!(
            problems.iter().any(|problem| problem.ends_with(message)),
            "{problems:?}"
        );
    }
}

#[test]
fn hidden_bytes_are_found() {
    let files = || [file("a", b"one"), file("b", b"two")];
    for (bytes, message) in [
        (zip(&files(), b"hid", b""), ": 3 bytes belong to no file"),
        (zip(&files(), b"", b"hid"), ": 3 bytes belong to no file"),
    ] {
        assert_eq!(read(bytes).1, [message]);
    }
    let mut behind = zip(&files(), b"", b"");
    let end = behind.len() - 22;
    behind.splice(end..end, *b"hid");
    assert_eq!(
        read(behind).1,
        [": there are bytes behind the directory that belong to nothing"]
    );
    let mut before = zip(&files(), b"", b"");
    before.splice(0..0, *b"hid");
    assert!(Archive::read(Bytes::Memory(before)).is_err());
}

#[test]
fn a_bomb_is_not_read() {
    let bomb = || {
        let mut packed =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        io::copy(&mut io::repeat(0).take(10_000_000), &mut packed).unwrap();
        let packed = packed.finish().unwrap();
        // What it states is not what it has.
        Made {
            method: 8,
            size: 1000,
            ..file("bomb", &packed)
        }
    };
    let (archive, problems, _) = Archive::read(Bytes::Memory(zip(&[bomb()], b"", b""))).unwrap();
    assert_eq!(problems, []);
    let read_bytes = io::copy(&mut archive.open(0).unwrap(), &mut io::sink()).unwrap();
    assert_eq!(read_bytes, 1001);

    let stated = Made {
        size: 4_000_000_000,
        ..bomb()
    };
    let (names, problems) = read(zip(&[stated], b"", b""));
    assert_eq!(names, [""; 0]);
    assert!(problems[0].contains("zip bomb"), "{problems:?}");
}

#[test]
fn every_byte_outside_the_names_and_sizes_is_looked_at_without_panic() {
    let bytes = zip(&[file("a", b"one"), file("b", b"two")], b"", b"");
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            drop(Archive::read(Bytes::Memory(changed)));
        }
        drop(Archive::read(Bytes::Memory(bytes[..at].to_vec())));
    }
}
