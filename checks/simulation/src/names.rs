//! Things that are counted by name.

/// Declares an enum whose variants have names and an order, to be counted in a [`Counts`](crate::tally::Counts).
macro_rules! named {
    ($(#[doc = $doc:literal])+ $kind:ident { $($variant:ident: $name:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $kind {
            $(#[doc = $name] $variant,)+
        }

        impl $kind {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl $crate::tally::Named for $kind {
            const ALL: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

pub(crate) use named;
