/* test_places.c: names of servers by the paths of all files, and files that cannot be listed or opened. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/naming.h"
#include "ingest/paths.h"
#include "tests/unit/ingest_help.h"

#define FILES_MAX 4

/* Files, sorted by path, and the name that each gives. */
static const struct {
	struct {
		const char *path, *name;
	} file[FILES_MAX];
} cases[] = {
	/* one name in the folders of two servers: what distinguishes the folders */
	{{{"/logs/h100-01/vllm.log", "h100-01"}, {"/logs/h100-02/vllm.log", "h100-02"}}},
	{{{"/logs/eu/a/run/vllm.log", "eu/a"}, {"/logs/us/b/run/vllm.log", "us/b"}}},
	{{{"eu/vllm.log", "eu"}, {"us/vllm.log", "us"}}},
	{{{"a/x/vllm.log", "a"}, {"b/x/vllm.log", "b"}, {"c/x/vllm.log", "c"}}},
	/* folders that state a time, or that files are old: one server */
	{{{"/logs/2026-08-10/vllm.log", "vllm"}, {"/logs/2026-08-11/vllm.log", "vllm"}}},
	{{{"/logs/2026/08/vllm.log", "vllm"}, {"/logs/2026/09/vllm.log", "vllm"}}},
	{{{"/logs/archive/vllm.log", "vllm"}, {"/logs/vllm.log", "vllm"}}},
	{{{"/logs/old/vllm.log", "vllm"}, {"/logs/rotated/vllm.log", "vllm"}}},
	/* of two servers, by date */
	{{{"/logs/a/2026-08-10/vllm.log", "a"}, {"/logs/a/2026-08-11/vllm.log", "a"}, {"/logs/b/2026-08-10/vllm.log", "b"}}},
	/* a number that is no date distinguishes beside a word */
	{{{"/logs/rack/1/vllm.log", "rack/1"}, {"/logs/row/2/vllm.log", "row/2"}}},
	/* one of the folders states nothing: none is used */
	{{{"/logs/a/vllm.log", "vllm"}, {"/logs/vllm.log", "vllm"}}},
	/* one folder, rotated */
	{{{"/logs/vllm.log", "vllm"}, {"/logs/vllm.log.1", "vllm"}}},
	/* pods of one name in two namespaces; a pod beside a plain file of its name */
	{{{"/var/log/pods/dev_vllm-0_11111111-1111-1111-1111-111111111111/engine/0.log", "dev/vllm-0"},
	  {"/var/log/pods/prod_vllm-0_22222222-2222-2222-2222-222222222222/engine/0.log", "prod/vllm-0"}}},
	{{{"/logs/vllm-0.log", "vllm-0"}, {"/var/log/pods/prod_vllm-0_22222222-2222-2222-2222-222222222222/engine/0.log", "vllm-0"}}},
};

static void check_case(size_t number) {
	struct ingest_place *at = must_calloc(FILES_MAX, sizeof *at);
	size_t count = 0;

	for (; count < FILES_MAX && cases[number].file[count].path; count++) {
		/* from the last to the first: the order is that of paths */
		at[count].engine = INGEST_NO_ENGINE;
	}
	for (size_t i = 0; i < count; i++) {
		at[i].path = cases[number].file[count - 1 - i].path;
	}
	ingest_find_places(at, count);
	for (size_t i = 0; i < count; i++) {
		const char *path = cases[number].file[i].path;
		const struct ingest_place *place = ingest_place_of(at, count, path);
		char name[INGEST_NAME_MAX];
		bool by_rule;
		assert_ptr_equal(place, &at[i]);
		ingest_name_of_place(place, NULL, &by_rule, name);
		assert_false(by_rule);
		if (strcmp(name, cases[number].file[i].name) != 0) {
			fail_msg("%s: %s, expected %s", path, name, cases[number].file[i].name);
		}
	}
	assert_null(ingest_place_of(at, count, "/elsewhere"));
	ingest_places_free(at, count);
}

TEST(names_of_servers_by_paths) {
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_case(i);
	}
	ingest_find_places(NULL, 0);
	assert_null(ingest_place_of(NULL, 0, "a"));
}

/* Several containers of a pod with engines are several servers; one that is known not to have any is none. */
TEST(containers_of_a_pod) {
	static const char pod[] = "/var/log/pods/prod_vllm-0_22222222-2222-2222-2222-222222222222";
	char path[3][200], name[INGEST_NAME_MAX];
	bool by_rule;

	for (int engines = 1; engines <= 2; engines++) {
		struct ingest_place *at = must_calloc(3, sizeof *at);
		for (int i = 0; i < 3; i++) {
			snprintf(path[i], sizeof path[i], "%s/container-%d/0.log", pod, i);
			at[i] = (struct ingest_place){.path = path[i], .engine = i < engines ? INGEST_ENGINE : INGEST_NO_ENGINE};
		}
		ingest_find_places(at, 3);
		ingest_name_of_place(&at[1], NULL, &by_rule, name);
		assert_string_equal(name, engines > 1 ? "vllm-0/container-1" : "vllm-0");
		ingest_places_free(at, 3);
	}
}

/* A link to nothing is damage, and its neighbours are read; so is a folder that cannot be listed. */
TEST(files_that_cannot_be_read) {
	struct place place;
	struct paths p = {0};
	struct quality q;
	char path[256];
	struct rlimit was, none;

	place_init(&place);
	quality_init(&q);
	place_write(&place, "a.log", T("x"));
	assert_int_equal(symlink("/nowhere/at/all", place_path(&place, "b.log", path)), 0);
	assert_int_equal(symlink(".", place_path(&place, "c", path)), 0); /* leads back up */
	assert_int_equal(symlink("/proc/self/status", place_path(&place, "d.log", path)), 0); /* the system's */
	assert_int_equal(mkfifo(place_path(&place, "e.log", path), 0600), 0);
	struct ingest_source source = {.path = place_path(&place, "", path)};
	paths_add(&p, &source, &q);
	assert_int_equal(p.count, 1);
	assert_string_equal(p.at[0].name + strlen(p.at[0].name) - 6, "/a.log");
	assert_int_equal(q.damage_count, 1);
	assert_non_null(strstr(q.damages[0].reason, "cannot be opened: No such file"));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){3, was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	paths_add(&p, &source, &q);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(p.count, 1);
	assert_int_equal(q.damage_count, 2);
	assert_non_null(strstr(q.damages[1].reason, "cannot be listed: Too many open files"));
	paths_release(&p);
	quality_release(&q);
	place_release(&place);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_servers_by_paths),
		cmocka_unit_test(containers_of_a_pod),
		cmocka_unit_test(files_that_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
