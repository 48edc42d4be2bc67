use crate::base64;

/// Images of more base64 than this are not put on the page.
const LARGEST: usize = 6 << 20;

/// Why an image is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoImage {
    /// It is not what its media type says.
    Invalid,
    /// It is too large for the page.
    TooLarge,
}

/// A `data:` address of an image, if its bytes are an image of that type.
pub(super) fn data_url(media_type: &str, text: &str) -> Result<String, NoImage> {
    if text.len() > LARGEST {
        return Err(NoImage::TooLarge);
    }
    if media_type == "image/svg+xml" {
        // An SVG in an <img> runs no script and loads nothing.
        return if text.contains("<svg") {
            Ok(format!(
                "data:image/svg+xml;base64,{}",
                base64::encode(text.as_bytes())
            ))
        } else {
            Err(NoImage::Invalid)
        };
    }
    let clean = base64::cleaned(text).ok_or(NoImage::Invalid)?;
    let start = base64::decoded_start(&clean, 12);
    let found = match start.as_slice() {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => "image/webp",
        _ => return Err(NoImage::Invalid),
    };
    let claimed = if media_type == "image/jpg" {
        "image/jpeg"
    } else {
        media_type
    };
    if claimed == found {
        Ok(format!("data:{found};base64,{clean}"))
    } else {
        Err(NoImage::Invalid)
    }
}

/// Checks a `data:` address that foreign HTML holds; `None` for anything but an image.
pub(super) fn checked(address: &str) -> Option<String> {
    let (media_type, data) = address.strip_prefix("data:")?.split_once(";base64,")?;
    if media_type == "image/svg+xml" {
        let clean = base64::cleaned(data).filter(|data| data.len() <= LARGEST)?;
        return Some(format!("data:image/svg+xml;base64,{clean}"));
    }
    data_url(media_type, data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_an_image_becomes_one() {
        let png = "iVBORw0KGgoAAAANSUhEUgAA";
        assert!(data_url("image/png", png).is_ok());
        assert_eq!(data_url("image/jpeg", png), Err(NoImage::Invalid));
        assert_eq!(data_url("image/png", "\"><script>"), Err(NoImage::Invalid));
        assert_eq!(data_url("image/png", "PHNjcmlwdD4="), Err(NoImage::Invalid));
        assert!(data_url("image/gif", "R0lGODlhAQAB").is_ok());
        assert_eq!(data_url("image/svg+xml", "hello"), Err(NoImage::Invalid));
        assert!(checked(&format!("data:image/png;base64,{png}")).is_some());
        assert_eq!(checked("data:text/html;base64,PHNjcmlwdD4="), None);
        assert_eq!(checked("https://example.org/a.png"), None);
    }
}
