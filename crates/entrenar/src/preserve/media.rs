//! Media types of files, by their names: what a reader needs to open them.

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Media {
    /// The media type of the IANA registry, or a customary one.
    pub(super) mime: &'static str,
    /// What the format is called.
    pub(super) name: &'static str,
    /// Its identifier in the PRONOM registry, such as `fmt/817`; or a page about it.
    pub(super) source: &'static str,
}

impl Media {
    /// The address of the format's description.
    pub(super) fn uri(&self) -> String {
        match self.source.contains("://") {
            true => self.source.to_owned(),
            false => format!("https://www.nationalarchives.gov.uk/PRONOM/{}", self.source),
        }
    }
}

const UNKNOWN: Media = Media {
    mime: "application/octet-stream",
    name: "Bytes of a format that is not known here",
    source: "https://www.iana.org/assignments/media-types/application/octet-stream",
};

/// Extension, media type, name, description: sorted by extension. PRONOM is named where its
/// entry is not for one version of a format only.
#[rustfmt::skip]
const BY_EXTENSION: &[(&str, &str, &str, &str)] = &[
    ("bib", "application/x-bibtex", "BibTeX", "https://ctan.org/pkg/biblatex"),
    ("bz2", "application/x-bzip2", "bzip2", "x-fmt/268"),
    ("cff", "application/yaml", "Citation File Format", "https://citation-file-format.github.io/"),
    ("csv", "text/csv", "Comma Separated Values", "x-fmt/18"),
    ("diff", "text/x-diff", "Unified diff", "https://www.gnu.org/software/diffutils/manual/"),
    ("gguf", "application/octet-stream", "GGUF", "https://huggingface.co/docs/hub/gguf"),
    ("gif", "image/gif", "Graphics Interchange Format", "https://www.w3.org/Graphics/GIF/spec-gif89a.txt"),
    ("gz", "application/gzip", "GZIP", "x-fmt/266"),
    ("h5", "application/x-hdf5", "Hierarchical Data Format 5", "https://www.hdfgroup.org/solutions/hdf5/"),
    ("hdf5", "application/x-hdf5", "Hierarchical Data Format 5", "https://www.hdfgroup.org/solutions/hdf5/"),
    ("htm", "text/html", "Hypertext Markup Language", "fmt/96"),
    ("html", "text/html", "Hypertext Markup Language", "fmt/96"),
    ("ipynb", "application/x-ipynb+json", "Jupyter Notebook", "https://nbformat.readthedocs.io/"),
    ("jpeg", "image/jpeg", "JPEG", "https://jpeg.org/jpeg/"),
    ("jpg", "image/jpeg", "JPEG", "https://jpeg.org/jpeg/"),
    ("json", "application/json", "JSON Data Interchange Format", "fmt/817"),
    ("jsonl", "application/jsonl", "JSON Lines", "https://jsonlines.org/"),
    ("jsonld", "application/ld+json", "JSON-LD", "fmt/880"),
    ("lock", "text/plain", "Plain Text File", "x-fmt/111"),
    ("log", "text/plain", "Plain Text File", "x-fmt/111"),
    ("md", "text/markdown", "Markdown", "fmt/1149"),
    ("npy", "application/x-npy", "NumPy array", "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"),
    ("npz", "application/zip", "ZIP Format", "x-fmt/263"),
    ("onnx", "application/octet-stream", "ONNX", "https://onnx.ai/"),
    ("parquet", "application/vnd.apache.parquet", "Apache Parquet", "https://parquet.apache.org/docs/file-format/"),
    ("pdf", "application/pdf", "Portable Document Format", "https://pdfa.org/resource/iso-32000-2/"),
    ("png", "image/png", "Portable Network Graphics", "https://www.w3.org/TR/png/"),
    ("pt", "application/octet-stream", "PyTorch", "https://docs.pytorch.org/docs/stable/notes/serialization.html"),
    ("pth", "application/octet-stream", "PyTorch", "https://docs.pytorch.org/docs/stable/notes/serialization.html"),
    ("py", "text/x-python", "Python Script File", "fmt/938"),
    ("replay", "application/json", "JSON Data Interchange Format", "fmt/817"),
    ("rnb", "application/json", "JSON Data Interchange Format", "fmt/817"),
    ("rs", "text/x-rust", "Rust source", "https://doc.rust-lang.org/reference/"),
    ("ruchy", "text/plain", "Plain Text File", "x-fmt/111"),
    ("safetensors", "application/octet-stream", "Safetensors", "https://huggingface.co/docs/safetensors/"),
    ("sqlite", "application/vnd.sqlite3", "SQLite Database File Format", "fmt/729"),
    ("svg", "image/svg+xml", "Scalable Vector Graphics", "https://www.w3.org/TR/SVG/"),
    ("tar", "application/x-tar", "Tape Archive Format", "x-fmt/265"),
    ("toml", "application/toml", "TOML", "https://toml.io/"),
    ("tsv", "text/tab-separated-values", "Tab-Separated Values", "x-fmt/13"),
    ("txt", "text/plain", "Plain Text File", "x-fmt/111"),
    ("webp", "image/webp", "WebP", "https://developers.google.com/speed/webp"),
    ("xml", "application/xml", "Extensible Markup Language", "fmt/101"),
    ("yaml", "application/yaml", "YAML", "fmt/818"),
    ("yml", "application/yaml", "YAML", "fmt/818"),
    ("zip", "application/zip", "ZIP Format", "x-fmt/263"),
];

/// The format by a file's name; bytes where the extension says nothing.
pub(super) fn of(path: &str) -> Media {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = match name.rsplit_once('.') {
        _ if name == super::SHA256SUMS => "txt".to_owned(),
        Some((_, extension)) => extension.to_ascii_lowercase(),
        None => return UNKNOWN,
    };
    BY_EXTENSION
        .binary_search_by(|row| row.0.cmp(&extension))
        .ok()
        .and_then(|at| BY_EXTENSION.get(at))
        .map_or(UNKNOWN, |&(_, mime, name, source)| Media {
            mime,
            name,
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_are_found() {
        assert!(BY_EXTENSION.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(of("a/b.CSV").mime, "text/csv");
        assert_eq!(of("SHA256SUMS").mime, "text/plain");
        assert_eq!(of("a.b/c").mime, "application/octet-stream");
    }
}
