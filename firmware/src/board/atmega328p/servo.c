/* Twelve servo pulses from Timer1: two banks of six, each bank one pulse after the other, again every
 * TICK_MS.
 *
 * A bank takes over new pulses only between two frames: no pulse is ever cut short or drawn out by a change.
 */
#include <avr/interrupt.h>
#include <string.h>
#include <util/atomic.h>

#include "board.h"
#include "parts.h"
#include "pins.h"

#define PER_US 2                            /* Timer1 counts half microseconds */
#define FRAME (TICK_MS * 1000U * PER_US)    /* 40000: fits 16 bits */
#define SILENT_SLOT (PULSE_MIN_US * PER_US) /* how long a joint without a pulse takes its turn */

_Static_assert(BANK_JOINTS *PULSE_MAX_US < TICK_MS * 1000UL, "a bank's pulses must fit into a frame");

struct bank {
    uint16_t next[BANK_JOINTS]; /* written by board_pulses(), read between frames */
    uint16_t now[BANK_JOINTS];
    uint16_t left; /* of the frame */
    uint8_t slot;
};
static struct bank bank_a, bank_b;

/* What the pins of a bank must be until the time that is returned has passed. */
static inline __attribute__((always_inline)) uint16_t turn(struct bank *b, volatile uint8_t *port,
                                                           uint8_t pins, uint8_t first_pin) {
    uint8_t others = *port & (uint8_t)~pins;
    if (b->slot == BANK_JOINTS) {
        *port = others;
        b->slot = 0;
        return b->left;
    }
    if (b->slot == 0) {
        memcpy(b->now, b->next, sizeof b->now);
        b->left = FRAME;
    }
    uint16_t width = b->now[b->slot];
    *port = width ? others | (uint8_t)(first_pin << b->slot) : others;
    b->slot++;
    uint16_t lasts = width ? width : SILENT_SLOT;
    b->left -= lasts;
    return lasts;
}

ISR(TIMER1_COMPA_vect) { OCR1A += turn(&bank_a, &BANK_A_PORT, BANK_A_PINS, 1 << BANK_A_SHIFT); }

ISR(TIMER1_COMPB_vect) { OCR1B += turn(&bank_b, &BANK_B_PORT, BANK_B_PINS, 1 << BANK_B_SHIFT); }

void board_pulses(const uint16_t us[JOINTS]) {
    uint16_t a[BANK_JOINTS], b[BANK_JOINTS];
    bool any = false;
    for (uint8_t j = 0; j < BANK_JOINTS; j++) {
        a[j] = us[j] * PER_US;
        b[j] = us[BANK_JOINTS + j] * PER_US;
        any = any || a[j] || b[j];
    }
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        memcpy(bank_a.next, a, sizeof a);
        memcpy(bank_b.next, b, sizeof b);
    }
    if (any) {
        PORTC |= _BV(LAMP_PIN);
    } else {
        PORTC &= (uint8_t)~_BV(LAMP_PIN);
    }
}

void servo_start(void) {
    BANK_A_PORT &= (uint8_t)~BANK_A_PINS;
    BANK_B_PORT &= (uint8_t)~BANK_B_PINS;
    DDRD |= BANK_A_PINS;
    DDRB |= BANK_B_PINS;
    DDRC |= _BV(LAMP_PIN);
    TCCR1A = 0;
    TCCR1B = _BV(CS11);
    OCR1A = 2000;
    OCR1B = 2000 + 333; /* apart, so that the two rarely wait for each other */
    TIMSK1 = _BV(OCIE1A) | _BV(OCIE1B);
}
