/* The joint table outside the safety room: as it travels, as it is kept, and its CRC. */
#ifndef TABLE_H
#define TABLE_H

#include "safety.h"

/* Of every line as JOINT carries it, one after another. */
uint16_t table_crc(const struct joint joint[JOINTS]);

struct joint table_joint(const struct msg_joint *message);
struct msg_joint table_message(const struct joint *joint, uint8_t index);

/* The table that was kept, or one of joints that never move. */
void table_load(struct joint joint[JOINTS]);
bool table_keep(const struct joint joint[JOINTS]);

#endif
