#![no_main]
//! Plans, public files and openings: any bytes are an error or a value; every plan can be
//! committed to, opened and verified; what is read is written back as the same file.

use entrenar::research::preregistration::{Checks, Opening, Plan, Preregistration};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(public) = Preregistration::parse(bytes) {
        let again = Preregistration::parse(&public.to_json()).expect("our own JSON");
        assert_eq!(again.to_json(), public.to_json());
        drop(public.verify(&Checks::default()));
    }
    if let Ok(opening) = Opening::parse(bytes) {
        assert_eq!(
            Opening::parse(&opening.to_json()).expect("our own JSON"),
            opening
        );
    }
    for name in ["plan.md", "plan.toml"] {
        let Ok(plan) = Plan::from_file(name, bytes) else {
            continue;
        };
        let (public, opening) = Preregistration::commit(&plan).expect("random bytes");
        let mut public = Preregistration::parse(&public.to_json()).expect("our own JSON");
        let opening = Opening::parse(&opening.to_json()).expect("our own JSON");
        public.open(&opening, &[]).expect("our own opening");
        assert!(
            public
                .verify(&Checks {
                    opening: Some(&opening),
                    ..Checks::default()
                })
                .holds()
        );
    }
});
