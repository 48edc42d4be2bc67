use std::fmt;

macro_rules! fields {
    ($($name:ident, $key:literal, $doc:literal, $flag:expr;)*) => {
        /// A field of an artifact's metadata.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum MetadataField {
            $(#[doc = $doc] $name,)*
        }

        impl MetadataField {
            /// All fields, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its key in `entrenar.toml` and in the JSON of `entrenar artifact show`.
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }

            /// The option of the command line that sets it, where there is one.
            pub fn flag(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => $flag,)*
                }
            }
        }
    };
}

fields! {
    Title, "title", "The title.", Some("--title");
    Authors, "authors", "The authors, in their order.", Some("--author");
    Abstract, "abstract", "An abstract, as somebody wrote it.", None;
    Description, "description", "A summary in plain text.", None;
    Keywords, "keywords", "Keywords.", Some("--keyword");
    Subjects, "subjects", "Terms of vocabularies.", None;
    License, "license", "The licence.", Some("--license");
    Version, "version", "The version.", None;
    Date, "date", "The day of the release.", Some("--date");
    Language, "language", "The language of its texts.", None;
    Type, "type", "What kind of thing it is.", None;
    Doi, "doi", "The DOI that an archive gave.", None;
    Url, "url", "The address of a page about it.", None;
    Repository, "repository", "The address of the source code.", None;
    Publisher, "publisher", "Who publishes it.", None;
    Funding, "funding", "Who paid for it.", Some("--funding");
    Related, "related", "What else it relates to.", Some("--related");
    Software, "software", "Programs and libraries that were used.", None;
    Hardware, "hardware", "Hardware that was used.", None;
}

impl MetadataField {
    /// The field of that key.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.key() == key)
    }

    /// Whether the field belongs to one session, so that no file of the user can set it for all.
    #[cfg(feature = "citations")]
    pub(super) fn is_of_one_session(self) -> bool {
        matches!(
            self,
            Self::Title
                | Self::Abstract
                | Self::Description
                | Self::Version
                | Self::Date
                | Self::Type
                | Self::Doi
                | Self::Url
        )
    }
}

/// The key.
impl fmt::Display for MetadataField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}
