/* alike.c - see alike.h. */
#include "reports/alike.h"

#include "reports/frames.h"

json_t *snarl_alike(const json_t *findings, snarl_wanted_function *wanted, const void *context)
{
    json_t *groups = json_array(), *known = json_object(), *finding;
    size_t index;
    json_array_foreach(findings, index, finding)
    {
        if (!wanted(finding, context))
            continue;
        const char *name = snarl_json_text(finding, "group");
        json_t *group = *name ? json_object_get(known, name) : NULL;
        if (!group) {
            group = json_array();
            json_array_append_new(groups, group);
            if (*name)
                json_object_set(known, name, group);
        }
        json_array_append(group, finding);
    }
    json_decref(known);
    return groups;
}
