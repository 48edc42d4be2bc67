//! The archives: one file for each API, behind [`Archive`](super::Archive).

pub(super) mod dataverse;
pub(super) mod figshare;
pub(super) mod invenio;
pub(super) mod legacy;
mod outer_zip;

/// The SPDX id of a licence that an archive offers, by its name or address.
///
/// The addresses are those of the licences' own pages, with or without `s` in `https`.
fn spdx_name(offered: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &[&str]); 12] = [
        (
            "CC-BY-4.0",
            &["cc by 4.0", "creativecommons.org/licenses/by/4.0"],
        ),
        (
            "CC-BY-SA-4.0",
            &["cc by-sa 4.0", "creativecommons.org/licenses/by-sa/4.0"],
        ),
        (
            "CC-BY-NC-4.0",
            &["cc by-nc 4.0", "creativecommons.org/licenses/by-nc/4.0"],
        ),
        (
            "CC-BY-ND-4.0",
            &["cc by-nd 4.0", "creativecommons.org/licenses/by-nd/4.0"],
        ),
        (
            "CC-BY-NC-SA-4.0",
            &[
                "cc by-nc-sa 4.0",
                "creativecommons.org/licenses/by-nc-sa/4.0",
            ],
        ),
        (
            "CC-BY-NC-ND-4.0",
            &[
                "cc by-nc-nd 4.0",
                "creativecommons.org/licenses/by-nc-nd/4.0",
            ],
        ),
        (
            "CC0-1.0",
            &[
                "cc0",
                "cc0 1.0",
                "creativecommons.org/publicdomain/zero/1.0",
            ],
        ),
        (
            "MIT",
            &[
                "mit",
                "mit license",
                "opensource.org/licenses/mit",
                "opensource.org/license/mit",
            ],
        ),
        (
            "Apache-2.0",
            &[
                "apache 2.0",
                "apache-2.0",
                "apache.org/licenses/license-2.0",
            ],
        ),
        ("GPL-3.0-or-later", &["gpl 3.0+", "gpl-3.0-or-later"]),
        ("GPL-2.0-or-later", &["gpl 2.0+", "gpl-2.0-or-later"]),
        (
            "BSD-3-Clause",
            &["bsd-3-clause", "opensource.org/licenses/bsd-3-clause"],
        ),
    ];
    let text = offered.trim().to_ascii_lowercase();
    let text = text
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let text = text
        .trim_start_matches("www.")
        .trim_end_matches('/')
        .trim_end_matches(".html");
    let text = text
        .trim_end_matches("/deed.en")
        .trim_end_matches("/legalcode");
    KNOWN
        .iter()
        .find(|(_, names)| names.contains(&text))
        .map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::spdx_name;

    #[test]
    fn licences_are_known_by_name_or_address() {
        assert_eq!(spdx_name("CC BY 4.0"), Some("CC-BY-4.0"));
        assert_eq!(
            spdx_name("http://creativecommons.org/licenses/by/4.0/"),
            Some("CC-BY-4.0")
        );
        assert_eq!(
            spdx_name("https://www.apache.org/licenses/LICENSE-2.0.html"),
            Some("Apache-2.0")
        );
        assert_eq!(spdx_name("CC BY"), None);
        assert_eq!(spdx_name("https://example.org/licenses/by/4.0"), None);
    }
}
