"""Wallets (carteiras de cobrança): the bank contract under which boletos are issued."""
