// Made from ../../../specs/media_insights.yaml by rest-source. Changes are lost when it is generated again.

/// Media, user and story insights of a third-party analytics API.
///
/// Generated from `../../../specs/media_insights.yaml`.
#[allow(
    dead_code,
    non_camel_case_types,
    non_snake_case,
    clippy::doc_markdown,
    clippy::enum_variant_names,
    clippy::needless_update,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::unreadable_literal,
    clippy::used_underscore_binding,
    clippy::wildcard_imports
)]
pub mod media_insights {
    use ::rest_source::__private as __rs;
    /// What a piece of media brought about, a row per medium.
    ///
    /// One record of `media_insights`: `GET /v1/media_insights`, by offset, merged on `id`.
    /// Declared in `../../../specs/media_insights.yaml:37`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct MediaInsights {
        /// Key; never null.
        pub id: String,
        /// Nullable.
        pub name: Option<String>,
        /// Never null.
        pub kind: MediaInsightsKind,
        /// Never null.
        pub value: i64,
        /// Nullable.
        pub impressions: Option<i64>,
        /// Nullable.
        pub engagement_rate: Option<f64>,
        /// Never null.
        pub is_sponsored: bool,
        /// Nullable.
        pub has_audio: Option<bool>,
        /// Nullable.
        pub spend: Option<__rs::Decimal>,
        /// Never null.
        pub published_on: __rs::Date,
        /// Never null.
        pub tags: Vec<String>,
        /// Never null.
        pub owner: MediaInsightsOwner,
        /// Never null.
        pub updated_at: __rs::Timestamp,
    }
    impl __rs::Record for MediaInsights {
        const TABLE: &'static __rs::Table = {
            use __rs::columns::*;
            static COLUMNS: [__rs::Column; 13] = [
                text("id", 46).primary_key(),
                text("name", 47).nullable(),
                open("kind", 48, MediaInsightsKind::WORDS),
                bigint("value", 49),
                bigint("impressions", 50).nullable(),
                double("engagement_rate", 51).nullable(),
                bool("is_sponsored", 52),
                bool("has_audio", 53).nullable(),
                decimal("spend", 54, 12, 2).nullable(),
                date("published_on", 55),
                array("tags", 56, const { &text("tags", 56) }),
                object::<MediaInsightsOwner>("owner", 57),
                timestamp("updated_at", 64),
            ];
            &__rs::Table::new("media_insights", __rs::Static(&COLUMNS))
        };
        fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
            __rs::take!(
                cells => id, name, kind, value, impressions, engagement_rate,
                is_sponsored, has_audio, spend, published_on, tags, owner, updated_at
            )
        }
    }
    /// What `media_insights.kind` may be.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub enum MediaInsightsKind {
        /// `image`.
        Image,
        /// `video`.
        Video,
        /// `reel`.
        Reel,
        /// `carousel`.
        Carousel,
        /// Any other word.
        Other(String),
    }
    impl MediaInsightsKind {
        const WORDS: __rs::List<__rs::Text> = __rs::words![
            "image", "video", "reel", "carousel"
        ];
        /// The word on the wire.
        #[must_use]
        pub fn as_str(&self) -> &str {
            match self {
                Self::Image => "image",
                Self::Video => "video",
                Self::Reel => "reel",
                Self::Carousel => "carousel",
                Self::Other(word) => word,
            }
        }
    }
    impl ::core::fmt::Display for MediaInsightsKind {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.write_str(self.as_str())
        }
    }
    impl __rs::FromCell for MediaInsightsKind {
        fn from_cell(cell: __rs::Cell<'_>) -> Self {
            match cell.text() {
                "image" => Self::Image,
                "video" => Self::Video,
                "reel" => Self::Reel,
                "carousel" => Self::Carousel,
                other => Self::Other(other.to_owned()),
            }
        }
    }
    /// An object within `media_insights`: `owner`.
    /// Declared in `../../../specs/media_insights.yaml:57`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct MediaInsightsOwner {
        /// Never null.
        pub id: String,
        /// Never null.
        pub handle: String,
        /// Nullable.
        pub followers: Option<i64>,
    }
    impl __rs::Record for MediaInsightsOwner {
        const TABLE: &'static __rs::Table = {
            use __rs::columns::*;
            static COLUMNS: [__rs::Column; 3] = [
                text("id", 61),
                text("handle", 62),
                bigint("followers", 63).nullable(),
            ];
            &__rs::Table::new("media_insights.owner", __rs::Static(&COLUMNS))
        };
        fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
            __rs::take!(cells => id, handle, followers)
        }
    }
    /// How an account is doing, a row per account.
    ///
    /// One record of `user_insights`: `GET /v1/user_insights`, by offset, merged on `id`.
    /// Declared in `../../../specs/media_insights.yaml:66`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct UserInsights {
        /// Key; never null.
        pub id: i64,
        /// Never null.
        pub name: String,
        /// Nullable.
        pub profile_views: Option<i64>,
        /// Never null.
        pub value: f64,
        /// Nullable.
        pub reach: Option<f64>,
        /// Never null.
        pub is_verified: bool,
        /// Nullable.
        pub opted_in: Option<bool>,
        /// Never null.
        pub joined_on: __rs::Date,
        /// Nullable.
        pub last_active_at: Option<__rs::Timestamp>,
        /// Never null.
        pub balance: __rs::Decimal,
        /// Nullable.
        pub preferred_time: Option<__rs::Time>,
        /// Nullable.
        pub avatar_digest: Option<Vec<u8>>,
        /// Nullable.
        pub settings: Option<__rs::Json>,
        /// Nullable.
        pub audience: Option<UserInsightsAudience>,
    }
    impl __rs::Record for UserInsights {
        const TABLE: &'static __rs::Table = {
            use __rs::columns::*;
            static COLUMNS: [__rs::Column; 14] = [
                bigint("id", 71).primary_key(),
                text("name", 72),
                bigint("profile_views", 73).nullable(),
                double("value", 74),
                double("reach", 75).nullable(),
                bool("is_verified", 76),
                bool("opted_in", 77).nullable(),
                date("joined_on", 78),
                timestamp("last_active_at", 79).nullable(),
                decimal("balance", 80, 0, 0),
                time("preferred_time", 81).nullable(),
                binary("avatar_digest", 82).nullable(),
                json("settings", 83).nullable(),
                object::<UserInsightsAudience>("audience", 84).nullable(),
            ];
            &__rs::Table::new("user_insights", __rs::Static(&COLUMNS))
        };
        fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
            __rs::take!(
                cells => id, name, profile_views, value, reach, is_verified, opted_in,
                joined_on, last_active_at, balance, preferred_time, avatar_digest,
                settings, audience
            )
        }
    }
    /// An object within `user_insights`: `audience`.
    /// Declared in `../../../specs/media_insights.yaml:84`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct UserInsightsAudience {
        /// Never null.
        pub country: String,
        /// Nullable.
        pub share: Option<f64>,
    }
    impl __rs::Record for UserInsightsAudience {
        const TABLE: &'static __rs::Table = {
            use __rs::columns::*;
            static COLUMNS: [__rs::Column; 2] = [
                text("country", 87),
                double("share", 88).nullable(),
            ];
            &__rs::Table::new("user_insights.audience", __rs::Static(&COLUMNS))
        };
        fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
            __rs::take!(cells => country, share)
        }
    }
    /// Stories, newest last.
    ///
    /// One record of `stories`: `GET /v1/stories`, by offset, merged on `id`.
    /// Declared in `../../../specs/media_insights.yaml:90`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Stories {
        /// Key; never null.
        pub id: String,
        /// Nullable.
        pub name: Option<String>,
        /// Never null.
        pub value: i64,
        /// Nullable.
        pub profile_views: Option<i64>,
        /// Never null.
        pub duration_seconds: f64,
        /// Never null.
        pub is_highlight: bool,
        /// Nullable.
        pub archived: Option<bool>,
        /// Never null.
        pub posted_at: __rs::Timestamp,
        /// Nullable.
        pub expires_at: Option<__rs::Timestamp>,
        /// Nullable.
        pub local_time: Option<__rs::Time>,
        /// Nullable.
        pub mentions: Option<Vec<String>>,
        /// Never null.
        pub updated_at: __rs::Timestamp,
    }
    impl __rs::Record for Stories {
        const TABLE: &'static __rs::Table = {
            use __rs::columns::*;
            static COLUMNS: [__rs::Column; 12] = [
                text("id", 98).primary_key(),
                text("name", 99).nullable(),
                bigint("value", 100),
                bigint("profile_views", 101).nullable(),
                double("duration_seconds", 102),
                bool("is_highlight", 103),
                bool("archived", 104).nullable(),
                timestamp("posted_at", 105),
                timestamp("expires_at", 106).nullable(),
                time("local_time", 107).nullable(),
                array("mentions", 108, const { &text("mentions", 108) }).nullable(),
                timestamp("updated_at", 109),
            ];
            &__rs::Table::new("stories", __rs::Static(&COLUMNS))
        };
        fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
            __rs::take!(
                cells => id, name, value, profile_views, duration_seconds, is_highlight,
                archived, posted_at, expires_at, local_time, mentions, updated_at
            )
        }
    }
    /// A measurement of a story, a row per story and metric.
    ///
    /// One record of `story_insights`: `GET /v1/story_insights`, by offset, merged on `id`.
    /// Declared in `../../../specs/media_insights.yaml:111`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct StoryInsights {
        /// Key; never null.
        pub id: String,
        /// Never null.
        pub story_id: String,
        /// Never null.
        pub metric: StoryInsightsMetric,
        /// Never null.
        pub value: f64,
        /// Nullable.
        pub profile_views: Option<i64>,
        /// Nullable.
        pub previous_value: Option<f64>,
        /// Never null.
        pub is_final: bool,
        /// Nullable.
        pub measured_on: Option<__rs::Date>,
        /// Nullable.
        pub breakdown: Option<__rs::BTreeMap<String, i64>>,
        /// Never null.
        pub current_timestamp: __rs::Timestamp,
    }
    impl __rs::Record for StoryInsights {
        const TABLE: &'static __rs::Table = {
            use __rs::columns::*;
            static COLUMNS: [__rs::Column; 10] = [
                text("id", 116).primary_key(),
                text("story_id", 117),
                closed("metric", 118, StoryInsightsMetric::WORDS),
                double("value", 119),
                bigint("profile_views", 120).nullable(),
                double("previous_value", 121).nullable(),
                bool("is_final", 122),
                date("measured_on", 123).nullable(),
                map("breakdown", 124, const { &bigint("breakdown", 124) }).nullable(),
                timestamp("current_timestamp", 125),
            ];
            &__rs::Table::new("story_insights", __rs::Static(&COLUMNS))
        };
        fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
            __rs::take!(
                cells => id, story_id, metric, value, profile_views, previous_value,
                is_final, measured_on, breakdown, current_timestamp
            )
        }
    }
    /// What `story_insights.metric` may be.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum StoryInsightsMetric {
        /// `impressions`.
        Impressions,
        /// `reach`.
        Reach,
        /// `replies`.
        Replies,
        /// `exits`.
        Exits,
    }
    impl StoryInsightsMetric {
        const WORDS: __rs::List<__rs::Text> = __rs::words![
            "impressions", "reach", "replies", "exits"
        ];
        /// The word on the wire.
        #[must_use]
        pub const fn as_str(self) -> &'static str {
            match self {
                Self::Impressions => "impressions",
                Self::Reach => "reach",
                Self::Replies => "replies",
                Self::Exits => "exits",
            }
        }
    }
    impl ::core::fmt::Display for StoryInsightsMetric {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.write_str(self.as_str())
        }
    }
    impl __rs::FromCell for StoryInsightsMetric {
        fn from_cell(cell: __rs::Cell<'_>) -> Self {
            match cell.text() {
                "impressions" => Self::Impressions,
                "reach" => Self::Reach,
                "replies" => Self::Replies,
                _ => Self::Exits,
            }
        }
    }
    /// The secrets that the source needs. Its `Debug` shows none of them.
    #[derive(Clone, Debug)]
    pub struct Secrets {
        /// The API key, sent as the query parameter `api_key`. From the environment: `MEDIA_INSIGHTS_API_KEY`.
        pub api_key: __rs::Secret,
    }
    impl __rs::Values<__rs::Secret> for Secrets {
        fn values(self) -> Vec<__rs::Secret> {
            ::std::vec![self.api_key]
        }
    }
    /// The settings of the source.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Config {
        /// Where the API is. From the environment: `MEDIA_INSIGHTS_BASE_URL`; `https://api.example.com` by default.
        pub base_url: String,
    }
    impl Default for Config {
        fn default() -> Self {
            Self {
                base_url: "https://api.example.com".to_owned(),
            }
        }
    }
    impl __rs::Values<__rs::Scalar> for Config {
        fn values(self) -> Vec<__rs::Scalar> {
            ::std::vec![self.base_url.into()]
        }
    }
    /// Media, user and story insights of a third-party analytics API.
    ///
    /// The source `media_insights`. Clones share its connections, token, rate limit and requests in flight.
    #[derive(Clone, Debug)]
    pub struct Source {
        client: __rs::Client,
    }
    impl __rs::Connector for Source {
        type Secrets = Secrets;
        type Config = Config;
        fn plan() -> __rs::Ref<__rs::SourcePlan> {
            __rs::Static(&PLAN)
        }
        fn from_client(client: __rs::Client) -> Self {
            Self { client }
        }
        fn client(&self) -> &__rs::Client {
            &self.client
        }
    }
    impl Source {
        /// A source from the environment: `MEDIA_INSIGHTS_API_KEY`, `MEDIA_INSIGHTS_BASE_URL`.
        ///
        /// # Errors
        ///
        /// When a variable without a default is not set, or one is not of its type.
        pub fn from_env() -> __rs::Result<Self> {
            Self::builder().build()
        }
        /// A source made step by step. What is not given comes from the environment.
        #[must_use]
        pub fn builder() -> __rs::Builder<Self> {
            __rs::Builder::new()
        }
        /// What a piece of media brought about, a row per medium.
        ///
        /// Fetches `media_insights`.
        pub fn media_insights(&self) -> __rs::Fetch<MediaInsights> {
            self.client.fetch(&MEDIA_INSIGHTS_PLAN)
        }
        /// How an account is doing, a row per account.
        ///
        /// Fetches `user_insights`.
        pub fn user_insights(&self) -> __rs::Fetch<UserInsights> {
            self.client.fetch(&USER_INSIGHTS_PLAN)
        }
        /// Stories, newest last.
        ///
        /// Fetches `stories`.
        pub fn stories(&self) -> __rs::Fetch<Stories> {
            self.client.fetch(&STORIES_PLAN)
        }
        /// A measurement of a story, a row per story and metric.
        ///
        /// Fetches `story_insights`.
        pub fn story_insights(&self) -> __rs::Fetch<StoryInsights> {
            self.client.fetch(&STORY_INSIGHTS_PLAN)
        }
    }
    static PLAN: __rs::SourcePlan = __rs::SourcePlan {
        name: __rs::Static("media_insights"),
        spec: __rs::Static("../../../specs/media_insights.yaml"),
        secrets: __rs::Static(
            &[
                __rs::SecretPlan {
                    name: __rs::Static("api_key"),
                    env: __rs::Static("MEDIA_INSIGHTS_API_KEY"),
                    description: Some(
                        __rs::Static(
                            "The API key, sent as the query parameter `api_key`.",
                        ),
                    ),
                },
            ],
        ),
        config: __rs::Static(
            &[
                __rs::ConfigPlan {
                    name: __rs::Static("base_url"),
                    env: __rs::Static("MEDIA_INSIGHTS_BASE_URL"),
                    default: Some(__rs::Static("https://api.example.com")),
                    description: Some(__rs::Static("Where the API is.")),
                    ..__rs::ConfigPlan::DEFAULT
                },
            ],
        ),
        base_url: __rs::Template(__rs::Static(&[__rs::Part::Config(0)])),
        resources: __rs::Static(
            &[
                __rs::Static(&MEDIA_INSIGHTS_PLAN),
                __rs::Static(&USER_INSIGHTS_PLAN),
                __rs::Static(&STORIES_PLAN),
                __rs::Static(&STORY_INSIGHTS_PLAN),
            ],
        ),
        ..__rs::SourcePlan::DEFAULT
    };
    static AUTH: __rs::Auth = __rs::Auth::ApiKey {
        name: __rs::Static("api_key"),
        api_key: __rs::Template(__rs::Static(&[__rs::Part::Secret(0)])),
        location: __rs::Location::Query,
    };
    const DEFAULTS: __rs::ResourcePlan = __rs::ResourcePlan {
        write_disposition: __rs::WriteDisposition::Merge,
        auth: Some(__rs::Static(&AUTH)),
        paginator: __rs::Paginator {
            kind: __rs::Pages::Offset(__rs::Offset {
                limit: 100,
                ..__rs::Offset::DEFAULT
            }),
            ends: __rs::Ends::COUNTED,
            ..__rs::Paginator::DEFAULT
        },
        selector: __rs::Selector::Path(__rs::at!("data")),
        ..__rs::ResourcePlan::DEFAULT
    };
    static MEDIA_INSIGHTS_PLAN: __rs::ResourcePlan = __rs::ResourcePlan {
        name: __rs::Static("media_insights"),
        line: 37,
        table: __rs::Static(<MediaInsights as __rs::Record>::TABLE),
        path: __rs::literal!("/v1/media_insights"),
        incremental: Some(__rs::Incremental {
            column: Some(12),
            initial_value: Some(__rs::literal!("2024-01-01T00:00:00Z")),
            start_param: Some(__rs::Static("updated_since")),
            ..__rs::Incremental::DEFAULT
        }),
        ..DEFAULTS
    };
    static USER_INSIGHTS_PLAN: __rs::ResourcePlan = __rs::ResourcePlan {
        name: __rs::Static("user_insights"),
        line: 66,
        table: __rs::Static(<UserInsights as __rs::Record>::TABLE),
        path: __rs::literal!("/v1/user_insights"),
        ..DEFAULTS
    };
    static STORIES_PLAN: __rs::ResourcePlan = __rs::ResourcePlan {
        name: __rs::Static("stories"),
        line: 90,
        table: __rs::Static(<Stories as __rs::Record>::TABLE),
        path: __rs::literal!("/v1/stories"),
        incremental: Some(__rs::Incremental {
            column: Some(11),
            start_param: Some(__rs::Static("updated_since")),
            ..__rs::Incremental::DEFAULT
        }),
        ..DEFAULTS
    };
    static STORY_INSIGHTS_PLAN: __rs::ResourcePlan = __rs::ResourcePlan {
        name: __rs::Static("story_insights"),
        line: 111,
        table: __rs::Static(<StoryInsights as __rs::Record>::TABLE),
        path: __rs::literal!("/v1/story_insights"),
        ..DEFAULTS
    };
}
