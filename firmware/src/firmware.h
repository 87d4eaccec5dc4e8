/* The firmware but for its endless loop: what starts it, what a byte does, what a tick does. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include <stdint.h>

/* Begins anew, silent. `reset` holds RESET_ bits. */
void firmware_start(uint8_t reset);

/* A byte from the host; answers go out by board_send(). */
void firmware_byte(uint8_t byte);

/* How many ticks there have been; wraps. The tick itself is in board.h: the board calls it. */
uint8_t firmware_ticks(void);

#endif
