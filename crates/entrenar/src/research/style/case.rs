//! Words such as `LoRA`, whose case a style must not change.
//!
//! CSL leaves words of mixed case as they are; the processor changes them. Their letters are
//! therefore given to it as signs that have no case, and taken back from what it made.

/// Signs without case, which are letters: Egyptian hieroglyphs.
const FIRST: u32 = 0x13000;
const LAST: u32 = 0x133ff;

fn is_sign(c: char) -> bool {
    (FIRST..=LAST).contains(&u32::from(c))
}

/// `text` with the letters of words of mixed case as signs. A text that has such signs of its own
/// stays as it is.
pub(super) fn protected(text: &str) -> String {
    if text.chars().any(is_sign) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            push_word(&mut out, &word);
            word.clear();
            out.push(c);
        }
    }
    push_word(&mut out, &word);
    out
}

fn push_word(out: &mut String, word: &str) {
    let is_mixed = word.chars().skip(1).any(char::is_uppercase);
    for c in word.chars() {
        let sign = char::from_u32(FIRST + u32::from(c));
        match sign.filter(|sign| is_mixed && is_sign(*sign)) {
            Some(sign) => out.push(sign),
            None => out.push(c),
        }
    }
}

/// The text again.
pub(super) fn restored(text: &str) -> String {
    let letter = |c: char| {
        let letter = char::from_u32(u32::from(c).wrapping_sub(FIRST));
        letter.filter(|letter| is_sign(c) && letter.is_alphanumeric())
    };
    text.chars().map(|c| letter(c).unwrap_or(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_mixed_case_come_back_as_they_were() {
        for text in [
            "LoRA: a pH of DNA",
            "GPT-4 and eBay",
            "Élan ÉCOLE",
            "日本 iOS",
            "",
        ] {
            let guarded = protected(text);
            assert_eq!(restored(&guarded), text);
            assert!(!guarded.contains("LoRA"));
            assert!(!restored(&guarded.to_lowercase()).contains("lora"));
        }
    }
}
