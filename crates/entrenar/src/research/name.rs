//! A name as it was given, taken apart by stated rules.
//!
//! 1. An e-mail address is not a name: it is kept whole.
//! 2. A comma followed by a form of company (`Inc.`, `GmbH`) makes an organisation.
//! 3. Other text with one comma is `Family, Given`; with two, `Family, Suffix, Given`. After the
//!    comma a generational suffix alone (`Jr.`, `III`) belongs to the name before it. Particles
//!    at the end of the given names belong to the family (`Beethoven, Ludwig van`).
//! 4. Text that begins with `The`, holds a word for a group (`Team`, `University`, …) or joins
//!    names with `and` or `&` is an organisation or group, kept whole.
//! 5. One word is a family name.
//! 6. Two words in Han, Kana or Hangul are family, then given name.
//! 7. Otherwise the last word is the family name, together with the particles (`van`, `de la`,
//!    …, in lower case) before it; with `y` or `e` the word before that too (`Ramón y Cajal`).
//!    A generational suffix at the end is set apart.

/// What a contributor's name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthorKind {
    /// The name of a person.
    Person,
    /// The name of an organisation, team or group.
    Organisation,
    /// An e-mail address; whose it is, is not known.
    Email,
}

/// The parts of a person's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NameParts {
    /// Given names.
    pub given: Option<String>,
    /// Particle before the family name, such as `van` or `de la`.
    pub particle: Option<String>,
    /// Family name without the particle; the whole name where it has no parts.
    pub family: String,
    /// Generational suffix, such as `Jr.`.
    pub suffix: Option<String>,
}

impl NameParts {
    /// A name without parts.
    pub fn whole(name: impl Into<String>) -> Self {
        Self {
            family: name.into(),
            ..Self::default()
        }
    }

    /// The family name with its particle: `van Beethoven`.
    pub fn full_family(&self) -> String {
        match &self.particle {
            Some(particle) => format!("{particle} {}", self.family),
            None => self.family.clone(),
        }
    }
}

const PARTICLES: [&str; 34] = [
    "'t", "af", "al", "aus", "av", "bin", "d'", "da", "das", "de", "degli", "dei", "del", "della",
    "den", "der", "di", "do", "dos", "du", "el", "het", "ibn", "la", "las", "le", "los", "op",
    "ten", "ter", "van", "von", "zu", "zur",
];
const JOINTS: [&str; 2] = ["y", "e"];
const SUFFIXES: [&str; 8] = ["jr", "sr", "jnr", "snr", "ii", "iii", "iv", "esq"];
const COMPANY_FORMS: [&str; 11] = [
    "ag",
    "bv",
    "corp",
    "gmbh",
    "inc",
    "incorporated",
    "limited",
    "llc",
    "ltd",
    "plc",
    "sa",
];
const GROUP_WORDS: [&str; 46] = [
    "academy",
    "agency",
    "ag",
    "association",
    "authors",
    "bureau",
    "center",
    "centre",
    "club",
    "collaboration",
    "college",
    "committee",
    "community",
    "company",
    "consortium",
    "contributors",
    "corp",
    "corporation",
    "council",
    "department",
    "developers",
    "foundation",
    "gmbh",
    "group",
    "inc",
    "institut",
    "institute",
    "institution",
    "lab",
    "laboratories",
    "laboratory",
    "labs",
    "library",
    "llc",
    "ltd",
    "maintainers",
    "ministry",
    "network",
    "organisation",
    "organization",
    "project",
    "school",
    "society",
    "team",
    "universität",
    "university",
];

fn folded(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

fn is_one_of(list: &[&str], word: &str) -> bool {
    let word = folded(word);
    list.iter().any(|known| *known == word)
}

fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&word)
}

fn is_suffix(text: &str) -> bool {
    !text.contains(' ') && is_one_of(&SUFFIXES, text)
}

fn is_email(text: &str) -> bool {
    !text.contains(' ')
        && text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn is_east_asian(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
    })
}

fn some(words: &[&str]) -> Option<String> {
    (!words.is_empty()).then(|| words.join(" "))
}

/// Takes `name`, which is in one line, apart.
pub(super) fn parse(name: &str) -> (AuthorKind, NameParts) {
    let whole = |kind| (kind, NameParts::whole(name));
    if is_email(name) {
        return whole(AuthorKind::Email);
    }
    let by_comma: Vec<&str> = name.split(',').map(str::trim).collect();
    let parts = match by_comma.as_slice() {
        [_, rest @ ..] if rest.iter().any(|part| is_one_of(&COMPANY_FORMS, part)) => {
            return whole(AuthorKind::Organisation);
        }
        [words] if is_group(words) => return whole(AuthorKind::Organisation),
        [words] => in_reading_order(words),
        [words, suffix] if is_suffix(suffix) && !words.is_empty() => NameParts {
            suffix: Some((*suffix).to_owned()),
            ..in_reading_order(words)
        },
        [family, given] if !family.is_empty() && !given.is_empty() => family_first(family, given),
        [family, suffix, given] if is_suffix(suffix) && !family.is_empty() && !given.is_empty() => {
            NameParts {
                suffix: Some((*suffix).to_owned()),
                ..family_first(family, given)
            }
        }
        _ if name.split(' ').any(|word| is_one_of(&GROUP_WORDS, word)) => {
            return whole(AuthorKind::Organisation);
        }
        _ => NameParts::whole(name),
    };
    (AuthorKind::Person, parts)
}

fn is_group(name: &str) -> bool {
    let words: Vec<&str> = name.split(' ').collect();
    words.len() > 1
        && (words
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("the"))
            || words
                .iter()
                .any(|word| *word == "&" || word.eq_ignore_ascii_case("and"))
            || words.iter().any(|word| is_one_of(&GROUP_WORDS, word)))
}

fn in_reading_order(name: &str) -> NameParts {
    let mut words: Vec<&str> = name.split(' ').collect();
    let mut suffix = None;
    if words.len() > 2 && words.last().is_some_and(|word| is_suffix(word)) {
        suffix = words.pop().map(ToOwned::to_owned);
    }
    let Some((last, before)) = words.split_last().filter(|(_, before)| !before.is_empty()) else {
        return NameParts::whole(name);
    };
    if let [first] = before
        && is_east_asian(first)
        && is_east_asian(last)
    {
        return NameParts {
            given: Some((*last).to_owned()),
            family: (*first).to_owned(),
            ..NameParts::default()
        };
    }
    // The first word is a given name even where it looks like a particle.
    let mut family_at = before.len();
    if let [_, .., _, joint] = before
        && JOINTS.contains(joint)
    {
        family_at = before.len() - 2;
    }
    let (before, family) = words.split_at_checked(family_at).unwrap_or((before, &[]));
    let particles = before
        .iter()
        .skip(1)
        .rev()
        .take_while(|word| is_particle(word))
        .count();
    let (given, particle) = before
        .split_at_checked(before.len() - particles)
        .unwrap_or((before, &[]));
    NameParts {
        given: some(given),
        particle: some(particle),
        family: family.join(" "),
        suffix,
    }
}

fn family_first(family: &str, given: &str) -> NameParts {
    let family_words: Vec<&str> = family.split(' ').collect();
    let leading = family_words
        .iter()
        .take(family_words.len().saturating_sub(1))
        .take_while(|word| is_particle(word))
        .count();
    let (mut particle, family) = family_words.split_at_checked(leading).unwrap_or((&[], &[]));
    let given_words: Vec<&str> = given.split(' ').collect();
    let trailing = given_words
        .iter()
        .skip(1)
        .rev()
        .take_while(|word| is_particle(word))
        .count();
    let (mut given, behind) = given_words
        .split_at_checked(given_words.len() - trailing)
        .unwrap_or((&given_words, &[]));
    if particle.is_empty() {
        particle = behind;
    } else {
        given = &given_words;
    }
    NameParts {
        given: some(given),
        particle: some(particle),
        family: family.join(" "),
        suffix: None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(name: &str) -> String {
        let (kind, parts) = parse(name);
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        match kind {
            AuthorKind::Person => format!(
                "{}|{}|{}|{}",
                part(&parts.given),
                part(&parts.particle),
                parts.family,
                part(&parts.suffix)
            ),
            AuthorKind::Organisation => format!("group {}", parts.family),
            AuthorKind::Email => format!("e-mail {}", parts.family),
        }
    }

    #[test]
    fn names_are_taken_apart_by_the_rules() {
        for (name, expected) in [
            ("alice", "||alice|"),
            ("Ada Lovelace", "Ada||Lovelace|"),
            ("Ludwig van Beethoven", "Ludwig|van|Beethoven|"),
            ("Beethoven, Ludwig van", "Ludwig|van|Beethoven|"),
            ("van Beethoven, Ludwig", "Ludwig|van|Beethoven|"),
            ("Müller, Jürgen", "Jürgen||Müller|"),
            (
                "Charles de la Vallée Poussin",
                "Charles de la Vallée||Poussin|",
            ),
            ("Jean de la Fontaine", "Jean|de la|Fontaine|"),
            ("Santiago Ramón y Cajal", "Santiago||Ramón y Cajal|"),
            ("José Ortega y Gasset", "José||Ortega y Gasset|"),
            ("van Gogh", "van||Gogh|"),
            ("Sammy Davis, Jr.", "Sammy||Davis|Jr."),
            ("Sammy Davis Jr.", "Sammy||Davis|Jr."),
            ("Davis, Jr., Sammy", "Sammy||Davis|Jr."),
            ("山田 太郎", "太郎||山田|"),
            ("山田太郎", "||山田太郎|"),
            (
                "researcher@university.edu",
                "e-mail researcher@university.edu",
            ),
            ("@alice", "||@alice|"),
            ("The HF Team and Friends", "group The HF Team and Friends"),
            ("Alice & Bob", "group Alice & Bob"),
            ("University of Oxford", "group University of Oxford"),
            ("OpenAI, Inc.", "group OpenAI, Inc."),
            ("a, b, c, d", "||a, b, c, d|"),
            (",", "||,|"),
            ("Smith,", "||Smith,|"),
        ] {
            assert_eq!(shown(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_letter_of_a_name_is_lost(name in "[A-Za-zé,.'@& 山vandey]{0,24}|\\PC{0,24}") {
            let name = super::super::text::one_line(&name);
            let (_, parts) = parse(&name);
            let letters = |text: &str| {
                let mut letters: Vec<char> =
                    text.chars().filter(|c| c.is_alphanumeric()).collect();
                letters.sort_unstable();
                letters
            };
            let joined = format!(
                "{}{}{}{}",
                parts.given.unwrap_or_default(),
                parts.particle.unwrap_or_default(),
                parts.family,
                parts.suffix.unwrap_or_default()
            );
            prop_assert_eq!(letters(&joined), letters(&name));
        }
    }
}
