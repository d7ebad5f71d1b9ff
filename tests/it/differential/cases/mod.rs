//! The cases: every known way in which two readers of HTTP/1.1 took the same bytes for different requests, in places
//! where it would hide one, and mixtures of them by chance, the same at every run.

mod parts;
mod spellings;

pub(super) use self::parts::Case;
use self::{
    parts::{PLACES, Post, bodies, hidden},
    spellings::{CODINGS, ENDS, FIELDS, GOOD_CODINGS, HOSTS, LINES, SIZES, TRAILERS, lengths_of},
};
use crate::harness::lists::Chance;

/// Makes cases one after the other; each gets its number.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, make: impl FnOnce(usize) -> Case) {
        let number = self.0.len();
        self.0.push(make(number));
    }
}

/// `Content-Length` and `Transfer-Encoding` together. By chunked, one such request may pass (RFC 9112 6.1).
pub(super) fn both() -> Vec<Case> {
    let mut cases = Cases::default();
    for version in ["1.1", "1.0"] {
        for coding in GOOD_CODINGS {
            for body in 0..4 {
                for length in 0..4 {
                    for (first, place) in [(true, false), (false, false), (true, true), (false, true)] {
                        cases.add(|n| {
                            let post = Post::new(n).version(version).body(bodies(n)[body].clone());
                            let length = post.length(length);
                            let post = if first {
                                post.field(&length).field(coding)
                            } else {
                                post.field(coding).field(&length)
                            };
                            post.case(place, usize::from(version == "1.1"))
                        });
                    }
                }
            }
        }
    }
    cases.0
}

/// Spellings of `Transfer-Encoding`.
pub(super) fn codings() -> Vec<Case> {
    let mut cases = Cases::default();
    for coding in CODINGS {
        for body in 0..4 {
            for place in PLACES {
                cases.add(|n| Post::new(n).body(bodies(n)[body].clone()).field(coding).case(place, 0));
            }
        }
    }
    cases.0
}

/// Spellings of `Content-Length`.
pub(super) fn lengths() -> Vec<Case> {
    let mut cases = Cases::default();
    for at in 0..lengths_of(0).len() {
        for body in 0..3 {
            for method in ["POST", "GET"] {
                for place in PLACES {
                    cases.add(|n| {
                        let body = bodies(n)[body].clone();
                        let length = lengths_of(body.len())[at].clone();
                        Post::new(n).method(method).body(body).field(&length).case(place, 0)
                    });
                }
            }
        }
    }
    cases.0
}

/// Sizes, line ends, extensions and trailers of chunks.
pub(super) fn chunks() -> Vec<Case> {
    let mut cases = Cases::default();
    let chunked = b"Transfer-Encoding: chunked";
    for place in PLACES {
        for size in SIZES {
            for filled in [true, false] {
                cases.add(|n| Post::new(n).body(parts::sized(n, size, filled)).field(chunked).case(place, 0));
            }
        }
        for end in ENDS {
            for at in 0..4 {
                cases.add(|n| Post::new(n).body(parts::ended(n, end, at)).field(chunked).case(place, 0));
            }
        }
        for trailer in TRAILERS {
            cases.add(|n| {
                let body = [b"1\r\na\r\n0\r\n", *trailer, b"\r\n\r\n", &hidden(n)].concat();
                Post::new(n).body(body).field(chunked).case(place, 0)
            });
        }
    }
    cases.0
}

/// Request lines, hosts and other fields.
pub(super) fn heads() -> Vec<Case> {
    let mut cases = Cases::default();
    for place in PLACES {
        for with_length in [true, false] {
            let post = |n| {
                let post = Post::new(n).body(hidden(n));
                if with_length {
                    let length = post.length(3);
                    post.field(&length)
                } else {
                    post
                }
            };
            for line in LINES {
                cases.add(|n| post(n).line(line).case(place, 0));
            }
            for host in HOSTS {
                cases.add(|n| post(n).host(host).case(place, 0));
            }
            for field in FIELDS {
                cases.add(|n| post(n).field(field).case(place, 0));
                cases.add(|n| post(n).first(field).case(place, 0));
            }
        }
    }
    cases.0
}

/// Two or three of all these at once, chosen by a seed.
pub(super) fn mixtures() -> Vec<Case> {
    let mut cases = Cases::default();
    for seed in 0..2_500 {
        cases.add(|n| {
            let mut chance = Chance::new(seed);
            let body = match chance.below(4) {
                0 => parts::sized(n, chance.of(SIZES), true),
                1 => parts::ended(n, chance.of(ENDS), chance.below(4)),
                _ => chance.of(&bodies(n)),
            };
            let length = chance.of(&lengths_of(body.len()));
            let mut post = Post::new(n).body(body);
            let (mut lawful, mut measured) = (0, false);
            for _ in 0..2 + chance.below(2) {
                post = match chance.below(7) {
                    0 => post.line(chance.of(LINES)),
                    1 => post.host(chance.of(HOSTS)),
                    2 => post.field(chance.of(FIELDS)),
                    3 => post.first(chance.of(FIELDS)),
                    4 => post.field(chance.of(CODINGS)),
                    5 => {
                        lawful = 1;
                        post.field(chance.of(GOOD_CODINGS))
                    }
                    // The same length twice may pass, and nginx refuses it.
                    _ if measured => post.first(b"X: y"),
                    _ => {
                        measured = true;
                        post.field(&length)
                    }
                };
            }
            post.case(chance.of(&PLACES), lawful)
        });
    }
    cases.0
}
