//! The parts of a lane, put together to frames.

use super::{Frame, FrameError, MAX_FRAME_BYTES, PART_HEAD_BYTES, VERSION, kind_name};

/// Puts the parts of one lane together.
#[derive(Debug, Clone, Default)]
pub struct Assembler {
    /// The head of the first part and the text so far; empty between frames.
    bytes: Vec<u8>,
    /// Place of the part that comes next.
    next: u32,
}

impl Assembler {
    /// Goes on where [`unfinished`](Self::unfinished) was taken.
    pub fn resume(unfinished: &[u8]) -> Self {
        let mut assembler = Self::default();
        let Some((next, bytes)) = unfinished.split_first_chunk() else {
            return assembler;
        };
        if bytes.len() >= PART_HEAD_BYTES {
            assembler.next = u32::from_le_bytes(*next);
            assembler.bytes = bytes.to_vec();
        }
        assembler
    }

    /// The parts of a frame whose last part did not come yet.
    pub fn unfinished(&self) -> Option<Vec<u8>> {
        (!self.bytes.is_empty()).then(|| [&self.next.to_le_bytes(), &*self.bytes].concat())
    }

    /// Adds the next part of the lane; the frame, where it is the last one.
    ///
    /// # Errors
    /// [`FrameError::MissingPart`] where parts are lost (a frame that begins here is taken nonetheless), and
    /// [`FrameError::Text`]. The next frame can be read after any error.
    pub fn push(&mut self, part: &[u8]) -> Result<Option<Frame>, FrameError> {
        let Some((head, text)) = part.split_first_chunk::<PART_HEAD_BYTES>() else {
            self.clear();
            return Err(FrameError::MissingPart);
        };
        let [version, kind, _, _, place @ ..] = *head;
        let place = place.first_chunk().copied().map(u32::from_le_bytes);
        if version != VERSION || kind_name(kind).is_none() {
            // Whatever its parts look like, each says what it is; one report is enough.
            let was_missing = !self.bytes.is_empty();
            self.clear();
            if was_missing {
                return Err(FrameError::MissingPart);
            }
            return Ok((place == Some(0)).then_some(Frame::Unknown { version, kind }));
        }
        let mut lost = false;
        if place == Some(0) {
            lost = !self.bytes.is_empty();
            self.clear();
            self.bytes.extend_from_slice(head);
        } else if place != Some(self.next) || !self.continues(head) {
            let was_reported = self.bytes.is_empty() && self.next == u32::MAX;
            self.clear();
            // Further parts of the same frame are not reported again.
            self.next = u32::MAX;
            return if was_reported {
                Ok(None)
            } else {
                Err(FrameError::MissingPart)
            };
        }
        self.next = place.unwrap_or(0).saturating_add(1);
        self.bytes.extend_from_slice(text);
        if lost && !self.is_whole() {
            return Err(FrameError::MissingPart);
        }
        if !self.is_whole() {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut self.bytes);
        self.next = 0;
        let text = bytes.get(PART_HEAD_BYTES..).unwrap_or_default();
        Frame::read(kind, text).map(Some)
    }

    /// The whole length that the first part of the frame named.
    fn total(&self) -> Option<usize> {
        let bytes: [u8; 8] = *self.bytes.get(8..PART_HEAD_BYTES)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(bytes)).ok()
    }

    fn is_whole(&self) -> bool {
        let length = self.bytes.len().saturating_sub(PART_HEAD_BYTES);
        // What claims to be longer than any frame, or is longer than it claims, ends here and fails to parse.
        self.total().is_none_or(|total| length >= total) || length > MAX_FRAME_BYTES
    }

    fn continues(&self, head: &[u8; PART_HEAD_BYTES]) -> bool {
        self.bytes.get(1..2) == head.get(1..2) && self.bytes.get(8..16) == head.get(8..16)
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.next = 0;
    }
}
