use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::research::format::facts::Facts;
use crate::research::{ArtifactType, Author, Reference};

/// Words that say nothing about a title.
const STOP_WORDS: [&str; 16] = [
    "a", "an", "and", "at", "by", "das", "der", "die", "for", "from", "in", "of", "on", "the",
    "to", "with",
];

/// The longest word in a key.
const WORD: usize = 24;

pub(in crate::research) fn of(facts: &Facts<'_>) -> String {
    let artifact = facts.artifact;
    let kind = match artifact.artifact_type {
        ArtifactType::Dataset => "dataset",
        ArtifactType::Model => "model",
        ArtifactType::Code => "code",
        ArtifactType::Paper => "paper",
        ArtifactType::Notebook => "notebook",
        ArtifactType::Workflow => "workflow",
    };
    let author = artifact.named_authors().next();
    built(kind, author, facts.year(), &artifact.title, &artifact.id)
}

/// The key of a work whose bibliography gave none; `identity` tells it from all others.
pub(in crate::research) fn of_reference(reference: &Reference, identity: &str) -> String {
    let kind = reference.kind.as_str().replace('-', "");
    let mut named = reference.authors.iter().chain(&reference.editors);
    let author = named.find(|author| author.is_named());
    let year = reference
        .issued
        .map(|date| date.year())
        .filter(|year| *year > 0);
    let title = reference.title.as_deref().unwrap_or_default();
    built(&kind, author, year, title, identity)
}

fn built(
    kind: &str,
    author: Option<&Author>,
    year: Option<i32>,
    title: &str,
    identity: &str,
) -> String {
    let author = author
        .map(|author| {
            let family = author.family();
            // of an address, the part before the `@`
            let local = family.split('@').find(|part| !part.is_empty());
            words(local.unwrap_or_default()).concat()
        })
        .map(|author| shortened(&author))
        .filter(|author| author.starts_with(|c: char| c.is_ascii_alphabetic()));
    let mut key = author.unwrap_or_else(|| kind.to_owned());
    if let Some(year) = year {
        key.push_str(&format!("_{year}"));
    }
    let title = words(title);
    let significant = |word: &&String| !STOP_WORDS.contains(&word.as_str());
    if let Some(word) = title.iter().find(significant).or(title.first()) {
        key.push('_');
        key.push_str(&shortened(word));
    }
    key.push('_');
    for byte in Sha256::digest(identity.as_bytes()).iter().take(3) {
        // writing to a String cannot fail
        write!(key, "{byte:02x}").unwrap_or_default();
    }
    key
}

fn shortened(word: &str) -> String {
    word.chars().take(WORD).collect()
}

/// The words of `text` in lower-case ASCII letters and digits, accents taken off.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        let plain = match c {
            'ß' | 'ẞ' => "ss",
            'ø' | 'Ø' => "o",
            'æ' | 'Æ' => "ae",
            'œ' | 'Œ' => "oe",
            'ł' | 'Ł' => "l",
            'đ' | 'Đ' | 'ð' | 'Ð' => "d",
            'þ' | 'Þ' => "th",
            'ı' => "i",
            '\'' | '’' => continue,
            _ => "",
        };
        if let Some(word) = words.last_mut() {
            if c.is_ascii_alphanumeric() {
                word.push(c.to_ascii_lowercase());
            } else if !plain.is_empty() {
                word.push_str(plain);
            } else if !word.is_empty() {
                words.push(String::new());
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::research::{CitationMetadata, ResearchArtifact};

    fn key(author: &str, title: &str, id: &str) -> String {
        let artifact = ResearchArtifact::new(id, title, ArtifactType::Notebook)
            .with_author(Author::new(author));
        CitationMetadata::from_artifact(&artifact, 2024).key()
    }

    #[test]
    fn keys_are_readable_and_differ() {
        let one = key("Jürgen Müller", "The Über-Run", "1");
        assert!(one.starts_with("muller_2024_uber_"), "{one}");
        assert_ne!(one, key("Jürgen Müller", "The Über-Run", "2"));
        assert!(key("山田太郎", "訓練", "1").starts_with("notebook_2024_"));
        assert!(key("me@x.org", "The", "1").starts_with("me_2024_the_"));
    }

    proptest! {
        #[test]
        fn every_tool_accepts_the_key(author: String, title: String, id: String) {
            let key = key(&author, &title, &id);
            prop_assert!(key.starts_with(|c: char| c.is_ascii_lowercase()));
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
            prop_assert!(key.chars().all(allowed), "{}", key);
            prop_assert!(key.len() < 80);
        }
    }
}
