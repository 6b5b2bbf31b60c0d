/*
 * spark_command: bief to-spark, a pipeline as a PySpark program.
 */
#ifndef BIEF_SPARK_COMMAND_H
#define BIEF_SPARK_COMMAND_H

/* argv[0] is "to-spark". */
int spark_command(int argc, char **argv);

#endif
