/*
 * course: opens the page of a course, in the user's language.
 */
#ifndef BIEF_COURSE_H
#define BIEF_COURSE_H

/* argv[0] is the command's name; the exit status. */
int course_command(int argc, char **argv);

#endif
