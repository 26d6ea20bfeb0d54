/* test_planfile.c - a plan is taken for one only when every byte of it that counts is right. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/planner.h"
#include "plan/store.h"

static char s_folder[] = "/tmp/snarl-planfile-XXXXXX";
static char s_path[SNARL_PLAN_PATH_MAX];
static struct snarl_planner_result s_result;

/* This program's own plan. */
static void setup(void)
{
    cr_assert(mkdtemp(s_folder));
    const struct snarl_planner_options options = {.check = SNARL_CHECK_RACE, .folder = s_folder};
    snarl_planner_run("/proc/self/exe", &options, &s_result);
    cr_assert_null(s_result.problem);
    cr_assert(snarl_planfile_path(s_path, sizeof(s_path), s_folder, s_result.build_id, s_result.build_id_size,
                                  SNARL_CHECK_RACE));
}

static void teardown(void)
{
    unlink(s_path);
    rmdir(s_folder);
}

static bool looks(void)
{
    struct snarl_plan_head head;
    return snarl_planfile_look(s_path, s_result.build_id, s_result.build_id_size, SNARL_CHECK_RACE, &head);
}

static bool holds(void)
{
    struct snarl_plan_head head;
    return snarl_planfile_check(s_path, s_result.build_id, s_result.build_id_size, SNARL_CHECK_RACE, &head);
}

static void flip(long offset)
{
    FILE *file = fopen(s_path, "r+");
    fseek(file, offset, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, offset, SEEK_SET);
    fputc(byte ^ 0x10, file);
    fclose(file);
}

TestSuite(planfile, .init = setup, .fini = teardown);

Test(planfile, a_plan_holds_until_a_byte_changes)
{
    struct snarl_plan_head head;
    cr_assert(looks() && holds());
    cr_assert(snarl_planfile_check(s_path, s_result.build_id, s_result.build_id_size, SNARL_CHECK_RACE, &head));
    for (int i = 0; i < SNARL_SECTION_COUNT; i++) {
        if (!head.sections[i].size)
            continue;
        long last = (long)(head.sections[i].offset + head.sections[i].size - 1);
        flip(last);
        cr_assert(looks(), "the head alone does not tell");
        cr_assert_not(holds(), "section %d", i);
        flip(last);
        cr_assert(holds());
    }
    for (long at = 0; at < (long)offsetof(struct snarl_plan_head, hash) + 8; at += 7) {
        flip(at);
        cr_assert_not(looks(), "byte %ld of the head", at);
        cr_assert_not(holds());
        flip(at);
    }
}

Test(planfile, another_module_or_check_has_another_plan)
{
    struct snarl_plan_head head;
    uint8_t other[SNARL_IMAGE_BUILD_ID_MAX];
    memcpy(other, s_result.build_id, sizeof(other));
    other[0] ^= 1;
    cr_assert_not(snarl_planfile_look(s_path, other, s_result.build_id_size, SNARL_CHECK_RACE, &head));
    cr_assert_not(snarl_planfile_look(s_path, s_result.build_id, s_result.build_id_size, SNARL_CHECK_NONE, &head));
}

Test(planfile, short_foreign_and_linked_files_are_refused)
{
    struct stat status;
    stat(s_path, &status);
    chmod(s_path, 0622);
    cr_assert_not(looks() || holds());
    chmod(s_path, 0600);
    cr_assert(looks() && holds());
    cr_assert_eq(truncate(s_path, status.st_size / 2), 0);
    cr_assert_not(holds());
    cr_assert_eq(truncate(s_path, 0), 0);
    cr_assert_not(looks() || holds());
    unlink(s_path);
    cr_assert_eq(symlink("/proc/self/exe", s_path), 0);
    cr_assert_not(looks() || holds());
}

Test(planfile, one_planner_at_a_time)
{
    struct snarl_planfile first = {.fd = -1}, second = {.fd = -1};
    cr_assert_null(snarl_planfile_claim(&first, s_path, true));
    cr_assert_str_eq(snarl_planfile_claim(&second, s_path, false), "another planner is at it");
    snarl_planfile_release(&first);
    cr_assert_null(snarl_planfile_claim(&second, s_path, false));
    snarl_planfile_release(&second);
    cr_assert_neq(access(second.part, F_OK), 0);
}

Test(planfile, a_glance_tells_what_planning_told)
{
    const struct snarl_planner_options options = {.check = SNARL_CHECK_RACE, .folder = s_folder};
    struct snarl_planner_result glance;
    cr_assert(snarl_planner_glance("/proc/self/exe", &options, &glance));
    cr_assert_eq(glance.accesses, s_result.accesses);
    cr_assert_eq(glance.build_id_size, s_result.build_id_size);
    cr_assert_arr_eq(glance.build_id, s_result.build_id, s_result.build_id_size);
    cr_assert_not(snarl_planner_glance("/bin/ls", &options, &glance));
    cr_assert_null(glance.problem);
    cr_assert_gt(glance.text_bytes, 10000);
}
