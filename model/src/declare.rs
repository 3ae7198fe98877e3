//! How the types of plans and tables are declared.

/// Declares a struct or an enum of a plan: data that compares, is written as Rust by a generator
/// ([`Describe`](crate::describe::Describe)) and, with the feature `serde`, in other formats.
///
/// Where each field of a struct has a default, the struct has a constant `DEFAULT` of them, and its
/// description and its `Debug` leave out the fields that are equal to it. A struct may have another such constant, which it
/// is described over where that leaves out more: `pub struct Ends or COUNTED { … }`.
macro_rules! declare {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident $(or $OTHER:ident)? {
            $($(#[$field_meta:meta])* pub $field:ident: $Type:ty = $default:expr,)+
        }
    ) => {
        declare!(@struct $(#[$meta])* $Name { $($(#[$field_meta])* $field: $Type,)+ });

        impl std::fmt::Debug for $Name {
            /// The fields that differ from the defaults.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let item = self.over("DEFAULT", &Self::DEFAULT);
                let is_other = |name| item.fields.iter().any(|(field, _)| *field == name);
                let mut shown = f.debug_struct(stringify!($Name));
                $(
                    if is_other(stringify!($field)) {
                        shown.field(stringify!($field), &self.$field);
                    }
                )+
                shown.finish_non_exhaustive()
            }
        }

        impl $Name {
            /// The defaults of the language.
            pub const DEFAULT: Self = Self { $($field: $default,)+ };

            #[allow(clippy::float_cmp, reason = "a default is that very number")]
            fn over(&self, name: &'static str, base: &Self) -> $crate::describe::Item<'_> {
                let mut item = $crate::describe::Item::new(stringify!($Name));
                item.base = Some(name);
                $(
                    if self.$field != base.$field {
                        item.fields.push((stringify!($field), &self.$field));
                    }
                )+
                item
            }
        }

        impl $crate::describe::Describe for $Name {
            fn describe(&self) -> $crate::describe::Value<'_> {
                let item = self.over("DEFAULT", &Self::DEFAULT);
                $(
                    let other = self.over(stringify!($OTHER), &Self::$OTHER);
                    let item = if other.fields.len() < item.fields.len() { other } else { item };
                )?
                $crate::describe::Value::Item(item)
            }
        }
    };

    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $Type:ty,)+
        }
    ) => {
        declare!(@struct #[derive(Debug)] $(#[$meta])* $Name {
            $($(#[$field_meta])* $field: $Type,)+
        });

        impl $crate::describe::Describe for $Name {
            fn describe(&self) -> $crate::describe::Value<'_> {
                let item = $crate::describe::Item::new(stringify!($Name))
                    $(.field(stringify!($field), &self.$field))+;
                $crate::describe::Value::Item(item)
            }
        }
    };

    (
        $(#[$meta:meta])*
        pub enum $Name:ident {
            $(
                $(#[$variant_meta:meta])*
                $Variant:ident
                $(($Inner:ty))?
                $({ $($(#[$field_meta:meta])* $field:ident: $Type:ty,)+ })?
            ,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
        pub enum $Name {
            $(
                $(#[$variant_meta])*
                $Variant $(($Inner))? $({ $($(#[$field_meta])* $field: $Type,)+ })?
            ,)+
        }

        impl $crate::describe::Describe for $Name {
            fn describe(&self) -> $crate::describe::Value<'_> {
                let item = match self {
                    $(
                        Self::$Variant $((declare!(@name $Inner, value)))? $({ $($field,)+ })? => {
                            $crate::describe::Item::variant(stringify!($Name), stringify!($Variant))
                                $(.value(declare!(@name $Inner, value)))?
                                $($(.field(stringify!($field), $field))+)?
                        }
                    )+
                };
                $crate::describe::Value::Item(item)
            }
        }
    };

    (@struct $(#[$meta:meta])* $Name:ident {
        $($(#[$field_meta:meta])* $field:ident: $Type:ty,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
        pub struct $Name {
            $($(#[$field_meta])* pub $field: $Type,)+
        }
    };

    // The name of a field that has a type only.
    (@name $Inner:ty, $name:ident) => { $name };
}
