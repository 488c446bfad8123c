"""A small customer base as text, for tests that run where the big one is absent."""

_NUMBERS = range(1, 31)
CLIENTS = "\n".join(
    [
        "codigo;razao_social;cpf_cnpj;email;telefone;endereco;numero;complemento"
        ";bairro;cidade;uf;cep;ativo",
        *(
            f"{n};Cliente {n};529.982.247-25;c{n}@example.com;;Rua A;{n};"
            ";Centro;Campinas;SP;13010000;S"
            for n in _NUMBERS
        ),
        "",
    ]
)
CONTRACTS = "\n".join(
    [
        "codigo;cliente;plano;valor;dia_vencimento;carteira;tipo_envio;status;data_ativacao",
        *(f"{n};{n};FIBRA 300M;99,90;{n % 28 + 1};{n % 3 + 1};P;A;01/02/2025" for n in _NUMBERS),
        "",
    ]
)
