/* What stands around an article is left out: its comments, its side, and what leads elsewhere. */
#include "lib/arena.h"
#include "lib/buf.h"
#include "tests/unit/extract_page.h"

#include <string.h>

#define ARTICLE "<meta property=og:type content=article>"

/* Paragraphs about swifts, some 150 characters each. */
static const char *
paragraphs(struct arena *a, int count)
{
    struct buf html;

    buf_init(&html, a, 100000);
    for (int i = 0; i < count; i++)
        buf_printf(&html,
                   "<p>Swifts came to tower number %d in the first days of May, as they do every "
                   "year, and by the end of July all of them had left it for the south.</p>",
                   i);
    return html.data;
}

/* ---- comments -------------------------------------------------------------------------- */

/* A short text, and a list of comments that is many times as long. */
static const char *
commented(struct arena *a, const char *says, const char *class)
{
    struct buf html;

    buf_init(&html, a, 100000);
    buf_printf(&html, "%s<h1>Swifts</h1>%s<ol class=%s>", says, paragraphs(a, 3), class);
    for (int i = 0; i < 40; i++)
        buf_printf(&html,
                   "<li><p>Visitor %d saw one above the harbour too, in the evening, and it "
                   "went round the mast three times before it was gone.</p>",
                   i);
    buf_add_str(&html, "</ol>");
    return text_of(a, html.data);
}

static void
an_article_is_read_without_comments_that_are_longer_than_it(void **state)
{
    const char *text = commented(*state, ARTICLE, "commentlist");

    assert_contains(text, "tower number 2");
    assert_null(strstr(text, "Visitor"));
    assert_null(strstr(commented(*state, ARTICLE, "kommentare"), "Visitor"));
    assert_contains(commented(*state, "", "commentlist"), "Visitor 39");
    assert_contains(commented(*state, ARTICLE, "sightings"), "Visitor 39");
}

/* ---- what is above and below it ---------------------------------------------------------- */

static const char *
below_menu(struct arena *a, const char *content)
{
    return text_of(a, arena_printf(a, "<nav><ul><li>Towers %s</ul></nav><div>%s</div>",
                                   paragraphs(a, 8), content));
}

static void
a_menu_that_unfolds_may_say_nearly_as_much_as_the_page(void **state)
{
    const char *text = below_menu(*state, paragraphs(*state, 9));

    assert_contains(text, "tower number 8");
    assert_null(strstr(text, "Towers"));
    assert_contains(below_menu(*state, "Swifts"), "Towers");
}

static void
a_page_of_which_only_the_foot_is_there_says_nothing(void **state)
{
    const char *foot = "<footer><div>Privacy policy - Sitemap - Terms of use - Information for "
                       "buyers - Legal notice - Guide to enquiries of others, and what they cost."
                       "</div></footer>";

    assert_string_equal(text_of(*state, foot), "");
    assert_contains(
        text_of(*state, arena_printf(*state, "<footer>%s</footer>", paragraphs(*state, 2))),
        "tower number 1");
}

/* ---- what is beside it ------------------------------------------------------------------- */

static const char *
with_side(struct arena *a, const char *heading, const char *class)
{
    return text_of(a, arena_printf(a,
                                   "<div class='page has-sidebar'><div class=left>%s%s</div><div "
                                   "class=%s><div>%s</div></div></div>",
                                   heading, paragraphs(a, 4), class,
                                   "<p>In our shop there are boxes for bats, for bees and for "
                                   "birds, each of them made by hand from larch.</p><p>They are "
                                   "sent on Mondays, and a small leaflet tells how high to hang "
                                   "them, and on which side of a house.</p><p>Members pay a third "
                                   "less for each, and nothing at all for the leaflet, which is "
                                   "printed anew in spring.</p><p>Write to the shop when a box "
                                   "breaks, and it is mended for as long as it is under a roof, "
                                   "whoever bought it.</p><p>There is a second shop at the pier, "
                                   "which is open on Sundays only, when the boat comes in from the "
                                   "islands at noon.</p>"));
}

static void
a_side_may_hold_much_of_a_page_and_is_none_of_its_content(void **state)
{
    const char *text = with_side(*state, "<h1>Swifts</h1>", "sidebar");

    assert_contains(text, "tower number 3");
    assert_null(strstr(text, "In our shop"));
    assert_contains(with_side(*state, "<h1>Swifts</h1>", "right"), "In our shop");
}

static void
an_element_for_sides_that_holds_the_title_holds_the_article(void **state)
{
    const char *text = text_of(
        *state, arena_printf(*state,
                             "<main><aside><h1>Swifts</h1>%s</aside></main><aside><h2>Weather</h2>"
                             "<p>It will rain in the north of the country, and be dry in the south "
                             "of it.</p></aside><ul><li><a href=/a>About</a><li><a "
                             "href=/n>News</a><li><a href=/s>Shop</a></ul><dialog><h1>Welcome</h1>"
                             "<p>Tell us where you live, and we tell you where to buy.</dialog>",
                             paragraphs(*state, 1)));

    assert_contains(text, "tower number 0");
    assert_null(strstr(text, "rain"));
    assert_null(strstr(text, "Welcome"));
}

static void
a_page_that_nothing_else_tells_from_its_side_is_read_whole(void **state)
{
    const char *text = with_side(*state, "<b>Swifts</b>", "sidebar");

    assert_contains(text, "tower number 3");
    assert_contains(text, "In our shop");
}

/* ---- what leads elsewhere ------------------------------------------------------------------ */

static const char *
with_box(struct arena *a, const char *heading)
{
    return text_of(
        a, arena_printf(a,
                        "<div><h1>Swifts</h1>%s</div><div><h3>%s</h3><div><a href=/a>Bats at the "
                        "mill</a><p>They fly out at dusk, one after the other, and nobody has ever "
                        "counted more than ninety of them.</p></div><div><a href=/b>Bees in a wall"
                        "</a><p>Since the house stands empty they have come back, and the wall "
                        "hums from April to October.</p></div></div>",
                        paragraphs(a, 3), heading));
}

static void
what_a_heading_calls_related_is_left_out_below_a_longer_text(void **state)
{
    const char *headings[] = { "Related posts", "\xc3\x84hnliche Beitr\xc3\xa4ge" };

    for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
        const char *text = with_box(*state, headings[i]);

        assert_contains(text, "tower number 2");
        assert_null(strstr(text, "Bats at the mill"));
        assert_null(strstr(text, "counted more than ninety"));
    }
    assert_contains(with_box(*state, "Bats and bees"), "counted more than ninety");
}

static void
lines_that_lead_to_the_pages_before_and_after_are_left_out(void **state)
{
    const char *text = text_of(
        *state, arena_printf(*state,
                             "<main><h1>Swifts</h1>%s<p>An arrow, \xe2\x86\x92, shows the way on "
                             "<a href=/map>the map \xe2\x86\x92</a></p><p><a href=/1>\xe2\x86\x90 "
                             "Storks of April</a> <br><a href=/3>Gulls of June \xe2\x86\x92</a></p>"
                             "<p>Filed under: <a href=/birds>Birds</a></p></main>",
                             paragraphs(*state, 4)));

    assert_contains(text, "the map \xe2\x86\x92");
    assert_null(strstr(text, "Storks of April"));
    assert_null(strstr(text, "Gulls of June"));
    assert_null(strstr(text, "Filed under"));
}

static void
titles_below_an_article_are_none_of_it_however_long_they_are(void **state)
{
    const char *titles =
        "<div class=more><ul><li><a href=/a>The bats of the mill fly out at dusk, one after the "
        "other, and nobody has ever counted more than ninety</a><li><a href=/b>Bees came back to a "
        "wall of the empty house, which now hums from April until the first frost</a><li><a "
        "href=/c>Nobody knows how the owl got into the church, and nobody wants to be the one who "
        "drives it out</a></ul></div>";
    const char *article =
        arena_printf(*state, "<h1>Swifts</h1>%s%s", paragraphs(*state, 8), titles);

    assert_null(strstr(text_of(*state, arena_printf(*state, ARTICLE "%s", article)), "the owl"));
    assert_contains(text_of(*state, article), "the owl");
}

static void
what_an_element_holds_is_read_alone_when_only_links_stand_around_it(void **state)
{
    const char *text = text_of(
        *state, arena_printf(*state,
                             "<div><article><h1>Swifts</h1>%s</article><div class=right><h4><a "
                             "href=/a>The bats of the mill</a></h4><p><a href=/a>They fly out at "
                             "dusk, one after the other, and nobody has ever counted more than "
                             "ninety of them in one night.</a></p></div></div>",
                             paragraphs(*state, 4)));

    assert_contains(text, "tower number 3");
    assert_null(strstr(text, "bats of the mill"));
}

/* ---- what forums write -------------------------------------------------------------------- */

static void
what_a_forum_writes_around_posts_is_none_of_them(void **state)
{
    const char *text = text_of(
        *state,
        "<h2>A lamp that flickers</h2><table class=frame><tr><td><b>Ann</b><div>Joined: Wed Jun "
        "11, 2014</div><div>Posts: 75</div></td><td><div>Post subject: A lamp that flickers</div>"
        "<div>The lamp on my desk flickers whenever the fridge starts, and only then. Is that the "
        "lamp or the wire?</div></td></tr><tr><td><b>Bob</b><div>Joined: Sun May 3, 2009</div>"
        "</td><td><div>It is the wire, and an old one. I joined: two of them like that once, and "
        "had the same.</div><p><a href=/u/7>Ann</a> likes this.</p></td></tr></table><div>Users "
        "browsing this forum: Ann and 3 guests</div><div>You cannot post new topics in this forum"
        "</div><p>You cannot post letters here, says a sign.</p>");

    assert_contains(text, "flickers whenever the fridge");
    assert_contains(text, "I joined: two of them");
    assert_contains(text, "You cannot post letters here");
    assert_null(strstr(text, "Jun"));
    assert_null(strstr(text, "Posts:"));
    assert_null(strstr(text, "Post subject"));
    assert_null(strstr(text, "likes this"));
    assert_null(strstr(text, "browsing"));
    assert_null(strstr(text, "new topics"));
}

static void
values_of_a_table_stay_though_a_forum_might_have_written_their_names(void **state)
{
    const char *text =
        text_of(*state, "<main><h1>Members</h1><p>Those who keep the lighthouse, and "
                        "since when they do.</p><table><tr><th>Name<th>Joined:<th>"
                        "Posts:<tr><td>Ann<td>2014<td>north</table></main>");

    assert_contains(text, "| Name | Joined: | Posts: |");
}

static void
lines_that_say_where_a_page_is_are_left_out(void **state)
{
    const char *text = text_of(
        *state, "<div><div><a href=/>Home</a> &raquo; <a href=/b>Birds</a> &raquo; Swifts</div><h1>"
                "Swifts</h1><p>Home to swifts are <a href=/t>towers</a> and <a href=/c>cliffs</a> "
                "alike, and they come back to the same one every year.</p><p><a href=/m>&raquo; "
                "Read more</a></p></div>");

    assert_contains(text, "Home to swifts are towers");
    assert_null(strstr(text, "Birds"));
    assert_null(strstr(text, "Read more"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_article_is_read_without_comments_that_are_longer_than_it),
        UNIT_TEST(a_menu_that_unfolds_may_say_nearly_as_much_as_the_page),
        UNIT_TEST(a_page_of_which_only_the_foot_is_there_says_nothing),
        UNIT_TEST(an_element_for_sides_that_holds_the_title_holds_the_article),
        UNIT_TEST(a_side_may_hold_much_of_a_page_and_is_none_of_its_content),
        UNIT_TEST(a_page_that_nothing_else_tells_from_its_side_is_read_whole),
        UNIT_TEST(what_a_heading_calls_related_is_left_out_below_a_longer_text),
        UNIT_TEST(lines_that_lead_to_the_pages_before_and_after_are_left_out),
        UNIT_TEST(titles_below_an_article_are_none_of_it_however_long_they_are),
        UNIT_TEST(what_an_element_holds_is_read_alone_when_only_links_stand_around_it),
        UNIT_TEST(what_a_forum_writes_around_posts_is_none_of_them),
        UNIT_TEST(values_of_a_table_stay_though_a_forum_might_have_written_their_names),
        UNIT_TEST(lines_that_say_where_a_page_is_are_left_out),
    };

    return cmocka_run_group_tests_name("extract_around", tests, NULL, NULL);
}
