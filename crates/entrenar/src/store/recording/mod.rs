//! Live recordings in the store: what a recorder's journal says, and how it becomes part of a session.
//!
//! The journal knows series by number and frames as bytes. [`Frame`] says what they mean.

mod frame;

pub use frame::{
    Assembler, CellFrame, End, Frame, FrameError, MAX_ENVIRONMENT_BYTES, MAX_FRAME_BYTES,
    MAX_FRAME_DEPTH, PART_HEAD_BYTES, SeriesDefinition, Start,
};

/// Reads parts of frames of any bytes; for the fuzz target.
#[cfg(fuzzing)]
pub fn fuzz_frames(bytes: &[u8]) {
    let mut assembler = Assembler::default();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first() {
        let (part, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        if let Ok(Some(frame)) = assembler.push(part)
            && !matches!(frame, Frame::Unknown { .. })
        {
            // What was read can be written and read again.
            let mut again = Assembler::default();
            let parts = frame.parts(64).expect("it was read");
            let read = parts.iter().map(|part| again.push(part).expect("a part"));
            assert_eq!(read.last().flatten(), Some(frame));
        }
        assembler = assembler
            .unfinished()
            .map_or_else(Assembler::default, |unfinished| {
                Assembler::resume(&unfinished)
            });
    }
}
