//! What looks random, and what stands in documentation in the place of a credential.

/// Shannon's entropy in bits a byte, of at most the first 512 bytes.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    let mut total = 0_u32;
    for byte in text.iter().take(512) {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
        total += 1;
    }
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| {
            let share = f64::from(count) / f64::from(total);
            -share * share.log2()
        })
        .sum()
}

/// Words that documentation writes into what stands for a credential.
const WORDS: [&[u8]; 29] = [
    b"your",
    b"example",
    b"placeholder",
    b"changeme",
    b"change_me",
    b"change-me",
    b"xxxx",
    b"redacted",
    b"insert",
    b"replace",
    b"dummy",
    b"sample",
    b"****",
    b"....",
    b"foobar",
    b"todo",
    b"fixme",
    b"goes-here",
    b"goes_here",
    b"goeshere",
    b"mytoken",
    b"mykey",
    b"mysecret",
    b"myapi",
    b"enter",
    b"paste",
    b"removed",
    b"hidden",
    b"omitted",
];
/// Words that name a secret; where a value says what it is, it is none.
const NAMING: [&[u8]; 11] = [
    b"password",
    b"passwd",
    b"secret",
    b"token",
    b"api_key",
    b"apikey",
    b"api-key",
    b"credential",
    b"access_key",
    b"userpass",
    b"<pass",
];

/// Whether it says that it is somebody's: `my-token`, `my_key_1`.
fn is_mine(text: &[u8]) -> bool {
    text.get(..3).is_some_and(|begin| {
        begin.eq_ignore_ascii_case(b"my-") || begin.eq_ignore_ascii_case(b"my_")
    }) && is_wordy(text)
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

/// Whether a value of a known form is one that nobody was given: `hf_xxxxxxxx`, `sk-1234567890`.
pub(super) fn is_made_up(body: &[u8]) -> bool {
    if is_mine(body) || WORDS.iter().any(|word| contains(body, word)) {
        return true;
    }
    let needed = match body.len() {
        0..=11 => 1.8,
        12..=19 => 2.3,
        _ => 2.8,
    };
    is_sequence(body) || entropy(body) < needed
}

/// Whether the characters follow each other as in `aaaa`, `1234` and `abcdef`.
pub(super) fn is_sequence(text: &[u8]) -> bool {
    let follows = text
        .windows(2)
        .filter(|pair| match pair {
            [a, b] => {
                a == b
                    || a.checked_add(1) == Some(*b)
                    || b.checked_add(1) == Some(*a)
                    || matches!((a, b), (b'9', b'0' | b'a' | b'A'))
            }
            _ => false,
        })
        .count();
    text.len() >= 4 && follows * 5 >= (text.len() - 1) * 2
}

/// What documentation, templates and programs write where a secret would be.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let Some(first) = value.first() else {
        return true;
    };
    if matches!(first, b'<' | b'{' | b'[' | b'%' | b'(') {
        return true;
    }
    // `${VAR}`, `$VAR`, `$(cmd)`: a password may hold a `$`, but names begin so.
    if *first == b'$'
        && value
            .get(1)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'{' | b'(' | b'_'))
        && value
            .iter()
            .skip(1)
            .all(|byte| byte.is_ascii_alphanumeric() || b"_{}().-:".contains(byte))
    {
        return true;
    }
    [
        &b"{{"[..],
        b"${",
        b"$(",
        b"%(",
        b"#{",
        b"<%",
        b"%s",
        b"{}",
        b"environ",
        b"getenv",
        b"getpass",
        b"process.env",
        b"userdata.get",
        b"()",
    ]
    .iter()
    .any(|mark| contains(value, mark))
        || (value.iter().filter(|byte| **byte == b'*').count() >= 3)
        || WORDS
            .iter()
            .chain(&NAMING)
            .any(|word| contains(value, word))
}

/// Letters and digits both.
pub(super) fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic)
}

/// Longest word that somebody writes.
const LONGEST_WORD: usize = 20;

/// Whether it is made of words and short numbers: `bert-base-uncased`, `MyModelV2`.
pub(super) fn is_wordy(text: &[u8]) -> bool {
    let mut wordy = 0;
    let mut all = 0;
    for part in text.split(|byte| !byte.is_ascii_alphanumeric()) {
        // Digits stand at the end of words, and not again and again between letters.
        let inside = part
            .windows(2)
            .filter(|pair| matches!(pair, [a, b] if a.is_ascii_digit() && b.is_ascii_alphabetic()))
            .count();
        let mixed = inside >= 2 && part.len() >= 10 || inside >= 1 && part.len() >= 16;
        let mut rest = part;
        while !rest.is_empty() {
            let end = segment(rest);
            let (one, after) = rest.split_at(end);
            all += one.len();
            if !mixed && is_word(one, one.len() == part.len()) {
                wordy += one.len();
            }
            rest = after;
        }
    }
    wordy * 5 >= all * 4
}

fn is_word(text: &[u8], is_alone: bool) -> bool {
    let letters = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let digits = text.len() - letters;
    if (3..=LONGEST_WORD).contains(&letters) {
        return digits <= 4 && has_vowels(text.get(..letters).unwrap_or_default());
    }
    is_alone && (letters == 0 && digits <= 4 || letters <= 2 && digits <= 2)
}

/// End of the first word of `text`: `Model` of `ModelV2`, `V2` of `V2x`.
fn segment(text: &[u8]) -> usize {
    let count = |from: usize, is: fn(&u8) -> bool| {
        text.iter().skip(from).take_while(|byte| is(byte)).count()
    };
    let upper = count(0, u8::is_ascii_uppercase);
    let mut end = upper;
    if upper <= 1 {
        end += count(end, u8::is_ascii_lowercase);
    }
    end += count(end, u8::is_ascii_digit);
    end.max(1)
}

/// Whether letters are such as words have: a vowel for every six.
fn has_vowels(letters: &[u8]) -> bool {
    let vowels = letters
        .iter()
        .filter(|byte| b"aeiouy".contains(&byte.to_ascii_lowercase()))
        .count();
    vowels * 6 >= letters.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_random_values_are_told_apart() {
        for wordy in [
            "bert-base-uncased",
            "ModelVersion2",
            "sequence_length_128",
            "accuracy",
            "some/path/to_file",
            "microsoft/deberta-v3-base",
        ] {
            assert!(is_wordy(wordy.as_bytes()), "{wordy}");
        }
        for random in [
            "q7Zk2Wm9Xc4Vb1Nt",
            "9f86d081884c7d65",
            "kjhRtBvq-XzPw",
            "fTk7+dQz/8LpA",
        ] {
            assert!(!is_wordy(random.as_bytes()), "{random}");
        }
    }

    #[test]
    fn what_is_made_up_is_known() {
        for text in [
            "xxxxxxxxxxxxxxxxxxxx",
            "1234567890abcdef1234567890abcdef",
            "abcdefghijklmnopqrstuvwxyz",
            "YOUR_TOKEN_HERE_123",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(is_made_up(text.as_bytes()), "{text}");
        }
        assert!(!is_made_up(b"q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQe"));
    }
}
